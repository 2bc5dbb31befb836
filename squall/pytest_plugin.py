"""The pytest plugin: scenarios as tests, over seeds. Nothing of Squall is imported before a test asks for it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from squall.scenarios.search.incident import Incident
    from squall.testing import Asked, ScenarioTest

MARKER: Final = "scenario"
FIXTURE: Final = "squall"
_SIGNATURE: Final = 'scenario(name, of=function, seeds="A:B", settings={"key": "value"}, plan=None)'
_HELP: Final = (
    f"{_SIGNATURE}: run the scenario of this name, or the one that this function makes, with each of these seeds; "
    "unless the test looks at `squall.result` itself, it fails where a promise is violated."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("squall", "Squall: fault scenarios as tests")
    seeds = "Seeds of every scenario test: N for one, A:B for A up to, and without, B."
    replay = "Run the scenario tests of this incident only, as the incident has it."
    group.addoption("--squall-seeds", metavar="A:B", help=f"{seeds} Default: what the marker says, else 1.")
    group.addoption("--squall-replay", metavar="FILE", help=replay)
    group.addoption("--squall-incidents", metavar="DIR", help="Where incidents of failed tests go. Default: no file.")
    parser.addini("squall_seeds", seeds)
    parser.addini("squall_replay", replay)
    parser.addini("squall_incidents", "Where incidents of failed tests go, relative to the root of the project.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _HELP)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """How the seeds were chosen, where they were: who reads a CI log must be able to repeat it."""
    replayed, seeds = _setting(config, "replay"), _setting(config, "seeds")
    if replayed:
        return [f"squall: replaying {replayed}"]
    return [f"squall: seeds {seeds}"] if seeds else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a seed. A marked test that does not name the fixture gets it all the same."""
    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None and FIXTURE not in metafunc.fixturenames:
        return
    if FIXTURE not in metafunc.fixturenames:
        metafunc.fixturenames.append(FIXTURE)
    incident = _replayed(metafunc.config)
    seeds = (incident.seed,) if incident is not None else _seeds(metafunc.config, marker)
    metafunc.parametrize(FIXTURE, seeds, indirect=True, ids=[f"seed={seed}" for seed in seeds])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With an incident, the tests of its scenario are what is left of the scenario tests."""
    incident = _replayed(config)
    if incident is None:
        return
    kept = [item for item in items if _is_of(item, incident)]
    if not kept:
        raise pytest.UsageError(f"{_setting(config, 'replay')}: no test here runs scenario {incident.scenario}")
    config.hook.pytest_deselected(items=[item for item in items if not _is_of(item, incident)])
    items[:] = kept


@pytest.fixture
def squall(request: pytest.FixtureRequest) -> "Iterator[ScenarioTest]":
    """The scenario of the test's marker, or any other, with this test's seed."""
    from squall.testing import ScenarioTest

    config = request.config
    test = ScenarioTest(request.param, _asked(request.node), _replayed(config), request.node.nodeid, _folder(config))
    request.node.stash[_TEST] = test
    yield test
    for name, value in test.properties():
        request.node.user_properties.append((name, value))


@pytest.fixture(autouse=True)
def _squall_of_marked_tests(request: pytest.FixtureRequest) -> None:
    """A marked test has the fixture, whether it names it or not."""
    if request.node.get_closest_marker(MARKER) is not None:
        request.getfixturevalue(FIXTURE)


_TEST: Final = pytest.StashKey["ScenarioTest"]()
_INCIDENT: Final = pytest.StashKey["Incident | None"]()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A marked test that never looks at its result is about the verdict."""
    outcome = yield
    test = pyfuncitem.stash.get(_TEST, None)
    if test is not None and test.marked and not test.looked_at:
        test.check()
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Under a failure: what happened in plain words, and the command that runs it again."""
    report: Any = yield
    test = item.stash.get(_TEST, None)
    if test is not None and report.when == "call" and report.failed:
        report.sections.extend(test.sections())
    return report  # type: ignore[no-any-return]


def _setting(config: pytest.Config, name: str) -> str:
    """From the command line, else from the project's ini file."""
    return config.getoption(f"squall_{name}") or config.getini(f"squall_{name}") or ""


def _folder(config: pytest.Config) -> Any:
    folder = _setting(config, "incidents")
    return config.rootpath / folder if folder else None


def _replayed(config: pytest.Config) -> "Incident | None":
    """The incident that is to be replayed, read once."""
    path = _setting(config, "replay")
    if _INCIDENT not in config.stash:
        incident = None
        if path:
            from squall.scenarios.search.incident import load_incident

            try:
                incident = load_incident(config.rootpath / path)
            except ValueError as error:
                raise pytest.UsageError(f"--squall-replay: {error}") from None
        config.stash[_INCIDENT] = incident
    return config.stash[_INCIDENT]


def _seeds(config: pytest.Config, marker: pytest.Mark | None) -> Sequence[int]:
    """The command line decides, then the marker, then the ini file, then it is seed 1."""
    of_marker = str(marker.kwargs.get("seeds", "")) if marker is not None else ""
    found = (
        ("--squall-seeds", config.getoption("squall_seeds") or ""),
        ("scenario(seeds=...)", of_marker),
        ("squall_seeds", config.getini("squall_seeds") or ""),
    )
    where, text = next(((where, text) for where, text in found if text), ("", "1"))
    return _parsed(where, text)


def _parsed(where: str, text: str) -> Sequence[int]:
    first, colon, end = text.partition(":")
    try:
        seeds = range(int(first), int(end) if colon else int(first) + 1)
    except ValueError:
        raise pytest.UsageError(f"{where}: expected a seed N or a range A:B, found {text!r}") from None
    if not seeds or seeds[0] < 0:
        raise pytest.UsageError(f"{where}: expected at least one seed, none below 0, found {text!r}")
    return seeds


def _asked(item: pytest.Item) -> "Asked | None":
    """What the test's marker asks for. UsageError, with the test's name, where that is nothing that can be."""
    marker = item.get_closest_marker(MARKER)
    if marker is None:
        return None
    from squall.testing import Asked

    asked = (*marker.args, *(value for name, value in marker.kwargs.items() if name == "of"))
    unknown = [name for name in marker.kwargs if name not in ("of", "seeds", "settings", "plan")]
    if len(asked) != 1 or unknown:
        found = ", ".join((*map(repr, marker.args), *(f"{name}=..." for name in marker.kwargs))) or "nothing"
        raise pytest.UsageError(f"{item.nodeid}: expected {_SIGNATURE}, found {found}")
    settings = marker.kwargs.get("settings", {})
    overrides = tuple(f"{key}={value}" for key, value in settings.items())
    return Asked(asked[0], overrides, marker.kwargs.get("plan"))


def _is_of(item: pytest.Item, incident: "Incident") -> bool:
    """What a test without a marker runs is known once it does. One that is named on the command line is meant."""
    asked = _asked(item)
    if asked is None:
        return FIXTURE in getattr(item, "fixturenames", ()) and any("::" in word for word in item.config.args)
    return asked.name == incident.scenario
