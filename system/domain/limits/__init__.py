"""The one gate: what every order is held against before it leaves.

`Gate` answers; `checks` and `flow` have the rules, `books` and `portfolio` what they are held against.
"""

from squall.system.domain.limits.checks import Question
from squall.system.domain.limits.gate import Answer, Gate

__all__ = ["Answer", "Gate", "Question"]
