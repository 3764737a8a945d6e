"""The command line. Every command is one row of `COMMANDS`; the work is done elsewhere.

Imports of anything heavy stay inside the commands: `--help` answers at once, and kernels are
compiled before the first module that loads them is imported.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, NoReturn

from mysqlcompat.bytecode import keep_bytecode
from mysqlcompat.config import BadOption, Config, options, parse_url, parse_volume
from mysqlcompat.startup import StartError, one_line
from redo.errors import VolumeError
from redo.volumes import volume_path

DESCRIPTION: Final = """\
An Amazon-Aurora-shaped MySQL in Python: one writer, read replicas and a volume of
six copies, in one command. Any MySQL client can talk to it."""

EPILOG: Final = """\
examples:
  mysqlcompat serve                         a cluster on ports 3306 and 3307, data in ./data
  mysqlcompat serve --port 0 --replicas 0   a writer alone, on any free port
  mysqlcompat check                         verify every page, tree and index of ./data

'mysqlcompat COMMAND --help' lists a command's options."""


@dataclass(frozen=True, slots=True)
class Command:
    """One verb of the command line."""

    name: str
    summary: str
    prepare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def program_version() -> str:
    """Version of the installed package, or of the source tree."""
    try:
        return version("mysqlcompat")
    except PackageNotFoundError:
        return "not installed"


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """One command line option per field of `Config`, in its groups."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for option in options():
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(option.group or "cluster")
        default = f" (default: {option.default_text})" if option.default_text else ""
        several = isinstance(option.default, tuple)
        flag: dict[str, Any] = {"nargs": "?", "const": True} if option.unit == "flag" else {}
        groups[option.group].add_argument(
            option.flag,
            action="extend" if several else "store",
            type=_argument_type(option.parse),
            default=list(option.default) if several else option.default,
            metavar=_METAVARS.get(option.unit, "TEXT"),
            help=(option.meaning + default).replace("%", "%%"),
            **flag,
        )


_METAVARS: Final = {
    "bytes": "SIZE",
    "count": "N",
    "port": "PORT",
    "ms": "MS",
    "s": "SECONDS",
    "directory": "DIR",
    "address": "HOST",
    "url": "URL",
    "days": "DAYS",
    "place": "ZONE=HOST:PORT",
    "file": "FILE",
    "flag": "True",
}


def _argument_type(parse: Callable[[str], object]) -> Callable[[str], object]:
    def convert(text: str) -> object:
        try:
            return parse(text)
        except BadOption as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert


def config_of(arguments: argparse.Namespace) -> Config:
    """The options that were parsed, as a `Config`."""
    names = [field.name for field in dataclasses.fields(Config)]
    values: dict[str, Any] = {name: getattr(arguments, name) for name in names}
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    return Config(**values)


def _prepare_serve(parser: argparse.ArgumentParser) -> None:
    add_config_options(parser)
    parser.add_argument(
        "--init-file",
        type=Path,
        metavar="FILE",
        help="SQL to run once, when the data directory is made",
    )
    parser.add_argument("--notify-fd", type=int, help=argparse.SUPPRESS)


def _serve(arguments: argparse.Namespace) -> int:
    gc.disable()  # what is loaded now stays for good: to look for garbage in it takes 0.1 s
    from mysqlcompat.serve import serve

    return leave(serve(config_of(arguments), arguments.init_file, arguments.notify_fd))


def leave(code: int) -> NoReturn:
    """End this process now: taking apart all that is loaded would last a second or two."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _prepare_data(parser: argparse.ArgumentParser) -> None:
    _prepare_data_dir(parser)
    parser.add_argument(
        "--volume",
        type=_argument_type(parse_volume),
        default=Config().volume,
        metavar="NAME",
        help=f"which volume (default: {Config().volume})",
    )


def _prepare_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        default=Config().data,
        metavar="DIR",
        help=f"data directory (default: {Config().data})",
    )


def _prepare_keyring_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keyring", type=Path, metavar="FILE", help="what --keyring was, if anything"
    )


def _prepare_check(parser: argparse.ArgumentParser) -> None:
    _prepare_data(parser)
    _prepare_keyring_option(parser)


def _check(arguments: argparse.Namespace) -> int:
    from mysqlcompat.check_command import check

    return check(arguments.data, arguments.volume, arguments.keyring)


def _prepare_dump(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("log", "pages"), help="redo records, or pages and rows")
    _prepare_check(parser)
    parser.set_defaults(more=[])
    parser.epilog = (
        "log: [--copy az1/full] [--from LSN] [--page N]; "
        "pages: [PAGE ...] [--tables | --table DB.TABLE[.INDEX] | --tree PAGE]"
    )


def _dump(arguments: argparse.Namespace) -> int:
    import importlib

    module = importlib.import_module({"log": "redo.dump", "pages": "btree.dump"}[arguments.what])
    path = volume_path(arguments.data, arguments.volume)
    if not path.exists():
        raise StartError(f"{arguments.data} holds no volume {arguments.volume}")
    keyring = [] if arguments.keyring is None else ["--keyring", str(arguments.keyring)]
    code: int = module.main([str(path), *keyring, *arguments.more])
    return code


def _prepare_names(parser: argparse.ArgumentParser, **names: str) -> None:
    """Positional names, then the data directory."""
    for name, meaning in names.items():
        parser.add_argument(
            name, type=_argument_type(parse_volume), metavar=name.upper(), help=meaning
        )
    _prepare_data_dir(parser)


def _prepare_snapshot(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="what to do", metavar="VERB", dest="verb", required=True)
    create = verbs.add_parser("create", help="freeze a volume as it is now")
    create.add_argument("name", type=_argument_type(parse_volume), metavar="NAME")
    _prepare_data(create)
    _prepare_data_dir(verbs.add_parser("list", help="one line per snapshot"))
    _prepare_names(verbs.add_parser("drop", help="remove a snapshot"), name="snapshot")
    restore = verbs.add_parser("restore", help="make a volume of a snapshot")
    _prepare_names(restore, name="snapshot")
    restore.add_argument(
        "--as", dest="to", type=_argument_type(parse_volume), metavar="VOLUME", required=True
    )


def _snapshot(arguments: argparse.Namespace) -> int:
    from mysqlcompat import volume_commands as commands

    data = arguments.data.absolute()
    match arguments.verb:
        case "create":
            return commands.create_snapshot(data, arguments.volume, arguments.name)
        case "drop":
            return commands.drop_snapshot(data, arguments.name)
        case "restore":
            return commands.restore_snapshot(data, arguments.name, arguments.to)
    return commands.list_snapshots(data)


def _prepare_clone(parser: argparse.ArgumentParser) -> None:
    _prepare_names(parser, source="volume to clone", to="the new volume")


def _clone(arguments: argparse.Namespace) -> int:
    from mysqlcompat.volume_commands import clone

    return clone(arguments.data.absolute(), arguments.source, arguments.to)


def _prepare_volume(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="what to do", metavar="VERB", dest="verb", required=True)
    _prepare_data_dir(verbs.add_parser("list", help="one line per volume"))
    _prepare_names(verbs.add_parser("drop", help="remove a volume nobody serves"), name="volume")


def _volume(arguments: argparse.Namespace) -> int:
    from mysqlcompat import volume_commands as commands

    data = arguments.data.absolute()
    if arguments.verb == "drop":
        return commands.drop_volume(data, arguments.name)
    return commands.list_volumes(data)


def _prepare_backtrack(parser: argparse.ArgumentParser) -> None:
    from mysqlcompat.volume_commands import parse_moment

    parser.add_argument(
        "--to",
        type=_argument_type(parse_moment),
        metavar="'YYYY-MM-DD HH:MM:SS[.ffffff]'",
        required=True,
        help="the moment, UTC: the volume is as it was then",
    )
    _prepare_data(parser)


def _backtrack(arguments: argparse.Namespace) -> int:
    from mysqlcompat.volume_commands import backtrack

    return backtrack(arguments.data.absolute(), arguments.volume, arguments.to)


def _prepare_archive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="url",
        type=_argument_type(parse_url),
        metavar="URL",
        required=True,
        help="what --backup-url was",
    )
    _prepare_keyring_option(parser)


def _prepare_restore(parser: argparse.ArgumentParser) -> None:
    from mysqlcompat.volume_commands import parse_moment

    _prepare_archive(parser)
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument(
        "--to-time",
        dest="to_us",
        type=_argument_type(parse_moment),
        metavar="'YYYY-MM-DD HH:MM:SS[.ffffff]'",
        help="the moment, UTC: what was committed until then is there, nothing else",
    )
    when.add_argument("--latest", action="store_true", help="all that the archive has")
    parser.add_argument(
        "--source",
        default=Config().volume,
        metavar="NAME",
        help=f"which volume of the archive (default: {Config().volume})",
    )
    _prepare_data(parser)


def _restore(arguments: argparse.Namespace) -> int:
    from mysqlcompat.restore_command import restore

    data = arguments.data.absolute()
    return restore(
        arguments.url,
        arguments.source,
        arguments.to_us,
        data,
        arguments.volume,
        arguments.keyring,
    )


def _archive(arguments: argparse.Namespace) -> int:
    from mysqlcompat.restore_command import list_archives

    return list_archives(arguments.url, arguments.keyring)


def _prepare_keyring(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="what to do", metavar="VERB", dest="verb", required=True)
    create = verbs.add_parser("create", help="make a keyring")
    rotate = verbs.add_parser("rotate", help="add a new master key")
    for verb in (create, rotate):
        verb.add_argument("file", type=Path, metavar="FILE")
    rotate.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="have the keys of its volumes and snapshots wrapped by it at once",
    )


def _keyring(arguments: argparse.Namespace) -> int:
    from mysqlcompat import restore_command as commands

    if arguments.verb == "create":
        return commands.create_keyring(arguments.file)
    return commands.rotate_keyring(arguments.file, arguments.data)


def _prepare_storage(parser: argparse.ArgumentParser) -> None:
    from mysqlcompat.config import parse_address, parse_size, parse_window, parse_zone_name

    address, size = _argument_type(parse_address), _argument_type(parse_size)
    zone, window = _argument_type(parse_zone_name), _argument_type(parse_window)
    parser.add_argument(
        "verb", nargs="?", choices=("status",), help="show how each copy is, and who keeps what"
    )
    parser.add_argument("--json", action="store_true", help="status: all of it, for programs")
    parser.add_argument("--zone", type=zone, metavar="NAME", help="az1, az2 or az3")
    parser.add_argument("--listen", type=address, metavar="HOST:PORT", help="where to listen")
    parser.add_argument("--secret-file", type=Path, metavar="FILE", help="as given to 'serve'")
    _prepare_keyring_option(parser)
    parser.add_argument("--ring-bytes", type=size, default=64 << 20, metavar="SIZE")
    parser.add_argument("--coalesce-bytes", type=size, default=64 << 20, metavar="SIZE")
    parser.add_argument("--backtrack-window", type=window, default=0, metavar="SECONDS")
    parser.add_argument("--notify-fd", type=int, help=argparse.SUPPRESS)
    _prepare_data(parser)


def _storage(arguments: argparse.Namespace) -> int:
    if arguments.verb == "status":
        from mysqlcompat.volume_status import storage_status

        return storage_status(arguments.data.absolute(), arguments.volume, arguments.json)
    from mysqlcompat.zone_host import ZoneHost, run_zone_host

    needed = {"zone": "--zone", "listen": "--listen", "secret_file": "--secret-file"}
    missing = [flag for name, flag in needed.items() if getattr(arguments, name) is None]
    if missing:
        raise StartError(
            f"to run a zone {', '.join(missing)} must be given; 'storage status' shows the copies"
        )
    settings = ZoneHost(
        zone=arguments.zone,
        listen=arguments.listen,
        data=arguments.data,
        secret_file=arguments.secret_file,
        keyring=arguments.keyring,
        volume=arguments.volume,
        ring_bytes=arguments.ring_bytes,
        coalesce_bytes=arguments.coalesce_bytes,
        backtrack_window=arguments.backtrack_window,
    )
    return leave(run_zone_host(settings, arguments.notify_fd))


def _prepare_secret(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a new file, mode 0600")


def _secret(arguments: argparse.Namespace) -> int:
    from redo.secret import create_secret

    create_secret(arguments.file)
    sys.stdout.write(f"secret in {arguments.file}: copy it to every host of the volume\n")
    return 0


def _compile(_: argparse.Namespace) -> int:
    from mysqlcompat.progress import compile_kernels

    seconds = compile_kernels()
    sys.stderr.write(f"kernels are ready ({seconds:.1f} s)\n")
    return 0


def _prepare_nothing(_: argparse.ArgumentParser) -> None:
    return


COMMANDS: Final = (
    Command("serve", "run a cluster in the foreground; Ctrl-C stops it", _prepare_serve, _serve),
    Command("check", "verify a stopped cluster's data, page by page", _prepare_check, _check),
    Command("dump", "print a stopped cluster's log or pages", _prepare_dump, _dump),
    Command("snapshot", "create, list, drop and restore snapshots", _prepare_snapshot, _snapshot),
    Command("clone", "make a volume that begins as another one is now", _prepare_clone, _clone),
    Command("volume", "list and drop volumes", _prepare_volume, _volume),
    Command("backtrack", "take a volume back in time, or forward", _prepare_backtrack, _backtrack),
    Command("restore", "make a volume out of its archive", _prepare_restore, _restore),
    Command("archive", "list what an archive can restore", _prepare_archive, _archive),
    Command(
        "storage",
        "show how a volume's copies are, or run one zone on this host",
        _prepare_storage,
        _storage,
    ),
    Command("secret", "make the secret that the hosts of a volume share", _prepare_secret, _secret),
    Command("keyring", "make or rotate master keys of encryption", _prepare_keyring, _keyring),
    Command(
        "compile", "compile kernels now instead of at the first start", _prepare_nothing, _compile
    ),
)


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        "mysqlcompat",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mysqlcompat {program_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        child = commands.add_parser(
            command.name,
            help=command.summary,
            description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        )
        command.prepare(child)
        child.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code. What stops it is one line on standard error."""
    keep_bytecode()
    parser = make_parser()
    arguments, more = parser.parse_known_args(argv)
    if more and not hasattr(arguments, "more"):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    arguments.more = more
    try:
        code: int = arguments.run(arguments)
    except (StartError, VolumeError) as error:
        sys.stderr.write(f"mysqlcompat: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `mysqlcompat dump log | head`
        return 0
    except OSError as error:
        sys.stderr.write(f"mysqlcompat: {one_line(error)}\n")
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
