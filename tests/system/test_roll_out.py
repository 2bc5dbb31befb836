"""A roll-out, pure: one program at a time, the leader last of its pair, and an end to every wait."""

from hypothesis import given, settings
from hypothesis import strategies as st

from squall.system.domain.messages import ReadyTold
from squall.system.domain.roll_out import Ask, HandItOver, Install, Noted, RollOut, Rules, Step
from tests.profiles import examples

ORDER = ("audit", "risk", "oms1", "oms2", "strategy")
PAIR = ("oms1", "oms2")
RULES = Rules(hands_over=True, awaits=True, patience_ns=1_000)
STEP_NS = 10


class Machine:
    """A desk of programs that do as they are told: some never get ready in the new build, some never answer."""

    def __init__(self, sick: tuple[str, ...] = (), mute: tuple[str, ...] = (), rules: Rules = RULES) -> None:
        self.versions = dict.fromkeys(ORDER, "old")
        self.sick, self.mute = sick, mute
        self.leader = "oms1"
        self.downtime: list[str] = []
        """Programs in the order in which they were replaced."""
        self.now_ns = 0
        self.course = RollOut(Noted(1, "new"), ORDER, PAIR, rules, 0)

    def unwell(self) -> list[str]:
        return [each for each, version in self.versions.items() if version == "new" and each in self.sick]

    def run(self, until_ns: int = 100_000) -> None:
        while self.course.step is not Step.OVER and self.now_ns < until_ns:
            for task in self.course.tasks(self.now_ns):
                self.obey(task)
            self.now_ns += STEP_NS

    def obey(self, task: Ask | Install | HandItOver) -> None:
        match task:
            case Ask(program):
                if program not in self.mute:
                    waits = ("something",) if program in self.unwell() else ()
                    told = ReadyTold(1, self.versions[program], waits, program == self.leader)
                    self.course.on_ready(program, told, self.now_ns)
            case Install(program, version):
                if self.versions[program] != version:
                    assert program != self.leader, "the leader was stopped with its lease in its hands"
                    assert self.unwell() in ([], [program]), "a program was touched while another could not do its part"
                    self.versions[program] = version
                    self.downtime.append(program)
                self.course.on_installed(program, version, True, self.now_ns)
            case HandItOver(program):
                if program == self.leader:
                    (self.leader,) = (each for each in PAIR if each != program)


def test_each_program_is_replaced_in_order_and_the_oms_that_leads_after_the_one_that_stands_by() -> None:
    machine = Machine()
    machine.run()
    assert machine.downtime == ["audit", "risk", "oms2", "oms1", "strategy"]
    assert machine.leader == "oms2"
    assert machine.course.trouble == ""
    assert set(machine.course.done) == set(ORDER)


def test_a_build_that_does_not_become_ready_is_taken_back_and_nothing_after_it_is_touched() -> None:
    machine = Machine(sick=("risk",))
    machine.run()
    assert machine.versions == {"audit": "new", "risk": "old", "oms1": "old", "oms2": "old", "strategy": "old"}
    assert machine.course.trouble == "risk was not ready in build new, and runs in the one before again"


def test_a_program_that_never_answers_stops_the_roll_out_and_is_left_alone() -> None:
    machine = Machine(mute=("audit",))
    machine.run()
    assert machine.downtime == []
    assert machine.course.trouble == "audit: check takes longer than it may"


def test_while_the_other_oms_does_not_answer_neither_is_touched() -> None:
    machine = Machine(mute=("oms2",))
    machine.run()
    assert machine.downtime == ["audit", "risk"]
    assert machine.leader == "oms1"


def test_a_build_that_is_on_no_machine_stops_it() -> None:
    course = RollOut(Noted(1, "new"), ORDER, PAIR, RULES, 0)
    course.on_ready("audit", ReadyTold(1, "old", (), False), 0)
    course.on_installed("audit", "new", False, 0)
    assert course.trouble == "there is no build new of audit on its machine"


def test_without_awaiting_each_is_done_when_it_is_installed() -> None:
    course = RollOut(Noted(1, "new"), ORDER, PAIR, Rules(True, False, 1_000), 0)
    course.on_ready("audit", ReadyTold(1, "old", (), False), 0)
    course.on_installed("audit", "new", True, 0)
    assert (course.current, course.done) == ("risk", ("audit",))


def test_a_new_life_of_the_operator_goes_on_with_the_program_that_it_was_at() -> None:
    noted = Noted(3, "new", ("audit",), "risk", "old")
    course = RollOut(noted, ORDER, PAIR, RULES, 50)
    assert course.noted == noted
    assert course.tasks(50) == (Ask("risk"),)
    course.on_ready("risk", ReadyTold(1, "new", ("a price of ACME",), False), 60)
    assert course.step is Step.AWAIT
    assert course.tasks(60 + 1_000) == (Install("risk", "old"), Ask("risk"))


def test_a_new_life_begins_nothing_where_the_last_one_had_stopped() -> None:
    course = RollOut(Noted(3, "new", ("audit",), "risk", "old", "risk was not ready"), ORDER, PAIR, RULES, 50)
    assert course.tasks(50) == ()


@settings(max_examples=examples(100))
@given(st.sets(st.sampled_from(ORDER)), st.sets(st.sampled_from(ORDER)))
def test_whoever_is_sick_or_mute_at_most_one_program_is_away_at_a_time_and_it_comes_to_an_end(
    sick: set[str], mute: set[str]
) -> None:
    machine = Machine(tuple(sorted(sick)), tuple(sorted(mute)))
    machine.run()
    assert machine.course.step is Step.OVER
    assert bool(machine.course.trouble) == bool(sick | mute)
    # What is left in the new build can do its part, but for one that nobody hears of.
    assert [each for each in machine.unwell() if each not in mute] == []
