"""Options: sizes, ports, and the command line made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysqlcompat.__main__ import config_of, make_parser
from mysqlcompat.config import (
    GIB,
    KIB,
    MIB,
    BadOption,
    Config,
    format_size,
    options,
    parse_page_bytes,
    parse_places,
    parse_port,
    parse_replicas,
    parse_ring,
    parse_size,
    parse_zones,
)

SIZES = [("4096", 4096), ("64K", 64 * KIB), ("128M", 128 * MIB), ("10G", 10 * GIB), ("0", 0)]


@pytest.mark.parametrize(("text", "count"), SIZES)
def test_sizes_go_both_ways(text: str, count: int) -> None:
    assert parse_size(text) == count
    assert parse_size(format_size(count)) == count


@pytest.mark.parametrize("text", ["64KiB", "64kb", "64k", " 64K "])
def test_sizes_are_read_generously(text: str) -> None:
    assert parse_size(text) == 64 * KIB


BAD = [
    (parse_size, "much"),
    (parse_size, "-1"),
    (parse_size, "1.5G"),
    (parse_size, ""),
    (parse_port, "65536"),
    (parse_port, "-1"),
    (parse_replicas, "16"),
    (parse_page_bytes, "100"),
    (parse_page_bytes, "128"),
    (parse_ring, "3M"),
    (parse_ring, "2M"),
    (parse_zones, "2"),
    (parse_places, "az2"),
    (parse_places, "az4=host:1"),
    (parse_places, "az2=host"),
    (parse_places, "az2=host:99999"),
    (parse_places, "az2=:1"),
]


@pytest.mark.parametrize(("parse", "text"), BAD)
def test_bad_text_is_named(parse, text: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadOption, match="not a"):
        parse(text)


def test_every_default_survives_the_command_line() -> None:
    for option in options():
        if option.default_text:
            assert option.parse(option.default_text) == option.default, option.name


def test_the_command_line_makes_a_config() -> None:
    arguments = make_parser().parse_args(
        ["serve", "--data", "/tmp/x", "--port", "0", "--replicas", "3", "--buffer-pool", "16M"]
    )
    config = config_of(arguments)
    expected = Config(data=Path("/tmp/x"), port=0, replicas=3, buffer_pool=16 * MIB)
    assert config == expected


def test_a_wrong_option_is_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        make_parser().parse_args(["serve", "--port", "many"])
    assert stopped.value.code == 2
    assert "'many' is not a port" in capsys.readouterr().err


def test_help_names_every_command_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args(["--help"])
    overview = capsys.readouterr().out
    assert all(f"\n    {name} " in overview for name in ("serve", "check", "dump", "compile"))
    with pytest.raises(SystemExit):
        make_parser().parse_args(["serve", "--help"])
    text = capsys.readouterr().out
    assert all(option.flag in text for option in options())


def test_zones_on_other_hosts() -> None:
    arguments = ["serve", "--zone", "az2=host:4002", "--zone", "az3=[::1]:4003"]
    config = config_of(make_parser().parse_args(arguments))
    assert config.places == {1: "host:4002", 2: "[::1]:4003"}
    assert config.zoned
    together = config_of(make_parser().parse_args(["serve", "--zone", "az2=host:1,az3=host:2"]))
    assert together.places == {1: "host:1", 2: "host:2"}
    assert not Config().zoned
    assert config_of(make_parser().parse_args(["serve", "--zones", "3"])).zoned
