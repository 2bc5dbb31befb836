"""Measurements that cannot be are refused by line, and those that can be are read whatever their order."""

from pathlib import Path

import pytest

from squall.scenarios.measurements import Measurement, MeasurementsError, read_measurements

HEAD = "rate_per_s,p50_us,p99_us,n"
ROWS = tuple(f"{rate},10,{20 + rate},1000" for rate in (100, 200, 300, 400, 500, 600))


def written(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "m.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_columns_and_rows_may_be_in_any_order_and_empty_lines_between(tmp_path: Path) -> None:
    turned = [",".join(reversed(row.split(","))) for row in ROWS]
    file = written(tmp_path, "\ufeffn, p99_us ,p50_us,rate_per_s", "", *turned[::-1], ",,,")
    assert read_measurements(file) == read_measurements(written(tmp_path, HEAD, *ROWS))
    assert read_measurements(file)[0] == Measurement(100.0, 10_000.0, 120_000.0, 1_000)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "m.csv:1: expected the columns rate_per_s, p50_us, p99_us, n, found nothing"),
        (("rate,p50_us,p99_us,n",), "m.csv:1: expected the columns rate_per_s, p50_us, p99_us, n, found rate, p50_us,"),
        ((HEAD + ",host", *ROWS), "m.csv:1: expected the columns rate_per_s, p50_us, p99_us, n, found rate_per_s,"),
        ((HEAD, *ROWS[:5]), "m.csv:6: expected 6 to 200 points, found 5 by the end"),
        ((HEAD, *ROWS[:2], "300,10,20"), "m.csv:4: expected 4 values, found 3"),
        ((HEAD, "100,-1,20,1000"), "m.csv:2: p50_us: expected a number above 0, at most 3.6e+09, found '-1'"),
        ((HEAD, "100,1,fast,1000"), "m.csv:2: p99_us: expected a number above 0, at most 3.6e+09, found 'fast'"),
        ((HEAD, "100,1,nan,1000"), "m.csv:2: p99_us: expected a number above 0, at most 3.6e+09, found 'nan'"),
        ((HEAD, "0,1,2,1000"), "m.csv:2: rate_per_s: expected a number above 0, at most 1e+09, found '0'"),
        ((HEAD, ROWS[0], "200,30,20,1000"), "m.csv:3: p99_us: expected at least p50_us, 30, found 20"),
        (
            (HEAD, ROWS[0], ROWS[1], ROWS[0]),
            "m.csv:4: rate_per_s: expected each rate once, found 100 again, after line 2",
        ),
        ((HEAD, "100,1,2,99"), "m.csv:2: n: expected a whole number of at least 100, at most 1e+15, found '99'"),
        ((HEAD, "100,1,2,1e3"), "m.csv:2: n: expected a whole number of at least 100, at most 1e+15, found '1e3'"),
        ((HEAD, "100,1,2,1" + "0" * 30), "m.csv:2: n: expected a whole number of at least 100, at most"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(MeasurementsError) as refused:
        read_measurements(written(tmp_path, *lines))
    assert str(refused.value).removeprefix(f"{tmp_path}/").startswith(said)


def test_what_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    with pytest.raises(MeasurementsError, match="cannot be read: No such file"):
        read_measurements(file)
    with pytest.raises(MeasurementsError, match="cannot be read: Is a directory"):
        read_measurements(tmp_path)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MeasurementsError, match="expected UTF-8 text, found other bytes"):
        read_measurements(file)
