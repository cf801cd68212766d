"""The settings of a server: one table, four sources, and what is said about mistakes."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libchat.cli.config import format_toml, format_value
from libchat.cli.data import default_data_folder, default_plugin_folder
from libchat.cli.exits import Exit, Failure
from libchat.cli.settings import kinds
from libchat.cli.settings.sources import (
    Effective,
    Rank,
    default_files,
    effective,
    find_file,
    parse_file,
    plugin_tables,
    read_file,
)
from libchat.cli.settings.table import by_key, settings
from libchat.errors import StoreError
from libchat.server.bounds import Bounds
from support.program import Serving

Run = Callable[..., "CompletedProcess[str]"]
HERE = Path("/etc/libchat/server.toml")


def _value(found: list[Effective], key: str) -> Effective:
    return next(each for each in found if each.setting.key == key)


# --- the table ------------------------------------------------------------------------------------------------------


def test_every_limit_is_a_setting() -> None:
    """Each field of the limits of a server is a setting, with its default and a reason out of `limits.py`."""
    for field in fields(Bounds):
        setting = by_key()[f"limits.{field.name}"]
        assert setting.default == field.default
        assert setting.reason != field.name.replace("_", " ")


def test_keys_flags_and_variables_are_unique() -> None:
    """No two settings share a key, a flag or a variable; each has its help and its reason."""
    for words in ([each.key for each in settings()], [each.flag for each in settings()]):
        assert len(words) == len(set(words))
    assert len({each.variable for each in settings()}) == len(settings())
    assert [each.key for each in settings() if not (each.help and each.reason)] == []


def test_names_of_a_setting() -> None:
    """Flag and variable follow from the key."""
    setting = by_key()["keep_days"]
    assert (setting.flag, setting.variable) == ("--keep-days", "LIBCHAT_SERVER_KEEP_DAYS")
    plugins = by_key()["plugins.load"]
    assert (plugins.flag, plugins.variable) == ("--plugins", "LIBCHAT_SERVER_PLUGINS")
    limit = by_key()["limits.outbox_bytes"]
    assert (limit.flag, limit.variable) == ("--outbox-bytes", "LIBCHAT_SERVER_OUTBOX_BYTES")


# --- the sources ----------------------------------------------------------------------------------------------------


def test_precedence(tmp_path: Path) -> None:
    """A flag goes before a variable, that before the file, that before the default; each is told with its place."""
    file = tmp_path / "server.toml"
    file.write_text("# ours\nport = 1\nkeep_days = 1\nhost = '::1'\n\n[limits]\noutbox_bytes = 5\n", encoding="utf-8")
    environ = {"LIBCHAT_SERVER_PORT": "2", "LIBCHAT_SERVER_KEEP_DAYS": "2", "LIBCHAT_PORT": "9"}
    found = effective({"port": 3}, environ, file)
    told = {each.setting.key: (each.value, each.source) for each in found if each.rank}
    assert told == {
        "port": (3, "--port"),
        "keep_days": (2, "$LIBCHAT_SERVER_KEEP_DAYS"),
        "host": ("::1", f"{file}, line 4"),
        "limits.outbox_bytes": (5, f"{file}, line 7"),
    }
    assert _value(found, "durability") == Effective(by_key()["durability"], "full")


def test_the_stronger_of_two_that_exclude_each_other(tmp_path: Path) -> None:
    """`memory` by a flag puts `data` of the file aside, and the other way round; both from one place are a mistake."""
    file = tmp_path / "server.toml"
    file.write_text('data = "x"\n', encoding="utf-8")
    assert _value(effective({"memory": True}, {}, file), "data").value is None
    file.write_text("memory = true\n", encoding="utf-8")
    found = effective({"data": Path("x")}, {}, file)
    assert (_value(found, "memory").value, _value(found, "data").value) == (False, Path("x"))
    file.write_text('memory = true\ndata = "x"\n', encoding="utf-8")
    with pytest.raises(Failure, match="not allowed"):
        effective({}, {}, file)


def test_a_switch_can_be_switched_off(tmp_path: Path) -> None:
    """What the file switches on, a flag and a variable can switch off."""
    file = tmp_path / "server.toml"
    file.write_text("log_json = true\n", encoding="utf-8")
    assert _value(effective({}, {"LIBCHAT_SERVER_LOG_JSON": "off"}, file), "log_json").value is False
    assert _value(effective({"log_json": False}, {}, file), "log_json").value is False


def test_paths_start_at_the_file() -> None:
    """A relative path in the file means one beside the file, wherever the server is started."""
    (found,) = parse_file('data = "chat"', HERE)
    assert found.value == HERE.parent / "chat"
    (found,) = parse_file('data = "/srv/chat"', HERE)
    assert found.value == Path("/srv/chat")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("prot = 1", ", line 1: there is no setting 'prot'; did you mean 'port'?"),
        ("[limits]\noutbox_byts = 1", ", line 2: there is no setting 'limits.outbox_byts'; did you mean 'limits.outb"),
        ("outbox_bytes = 1", "did you mean 'limits.outbox_bytes'?"),
        ("[limit]\nhandshakes = 1", "there is no setting 'limit'; did you mean 'limits'?"),
        ("xyzzy = 1", "there is no setting 'xyzzy'; 'libchat config' prints all there are"),
        ("limits = 3", "there is no setting 'limits'"),
        ('plugins = "filter"', "there is no setting 'plugins'; did you mean 'plugins.load'?"),
        ('[plugins]\nlod = "filter"', ", line 2: there is no setting 'plugins.lod'; did you mean 'plugins.load'?"),
        ('\nport = "80"', ', line 2: port: "80" does not do: write a number from 0 to 65535'),
        ("port = 70000", "port: '70000' does not do: a port is a number from 1 to 65535, or 0"),
        ("port = -1", "port: '-1' does not do"),
        ("port = true", "port: true does not do"),
        ("port = 1.0", "port: 1.0 does not do"),
        ("memory = 1", "memory: 1 does not do: write true or false"),
        ('memory = "true"', 'memory: "true" does not do: write true or false'),
        ("host = 1", "host: 1 does not do: write an address in quotes"),
        ("host = []", "host: a list does not do"),
        ("data = {}", "data: a table does not do"),
        ('data = ""', "data: an empty text is no path"),
        ('durability = "ful"', "durability: 'ful' does not do; did you mean 'full'?"),
        ('durability = "x"', "write one of: full, normal, memory"),
        ("[limits]\nstop_seconds = nan", "limits.stop_seconds: 'nan' does not do"),
        ("[limits]\nstop_seconds = -1", "limits.stop_seconds: '-1' does not do: give a number from 0"),
        ("port = x", "is no TOML: Invalid value (at line 1, column 8)"),
    ],
)
def test_mistakes_in_the_file(text: str, hint: str) -> None:
    """What is wrong in the file is told with the file, the line, the key, and what to write."""
    with pytest.raises(Failure) as caught:
        parse_file(text, HERE)
    assert caught.value.code == Exit.USAGE
    assert caught.value.text.startswith(str(HERE))
    assert hint in caught.value.text


def test_mistakes_in_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    """A variable with a wrong value ends the program; one that means nothing is told, with a suggestion."""
    with pytest.raises(Failure, match=r"\$LIBCHAT_SERVER_PORT: 'tcp://1' does not do"):
        effective({}, {"LIBCHAT_SERVER_PORT": "tcp://1"}, None)
    effective({}, {"LIBCHAT_SERVER_PROT": "1"}, None)
    assert "$LIBCHAT_SERVER_PROT means nothing; did you mean 'LIBCHAT_SERVER_PORT'?" in capsys.readouterr().err


def test_where_the_file_is(tmp_path: Path) -> None:
    """--config goes before the variable, this before the usual places, of which the service's own is the first."""
    file = tmp_path / "server.toml"
    file.touch()
    environ = {"LIBCHAT_SERVER_CONFIG": "/x", "CONFIGURATION_DIRECTORY": f"/nowhere:{tmp_path}"}
    assert find_file(Path("/y"), environ) == Path("/y")
    assert find_file(None, environ) == Path("/x")
    del environ["LIBCHAT_SERVER_CONFIG"]
    assert find_file(None, environ) == file
    assert default_files({})[-1] == Path("/etc/libchat/server.toml")


@pytest.mark.skipif(os.name != "posix", reason="everybody has a home there")
def test_a_service_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user of a service has no home: its file of settings and plugins are found, and whoever needs one is told."""
    import pwd

    def nobody(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    files = default_files({"CONFIGURATION_DIRECTORY": str(tmp_path)})
    assert (files[0], files[-1]) == (tmp_path / "server.toml", Path("/etc/libchat/server.toml"))
    assert all(path.is_absolute() for path in files)
    assert default_plugin_folder() == Path("/etc/libchat/plugins")
    with pytest.raises(StoreError, match="set HOME"):
        default_data_folder()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_data_folder().is_relative_to(tmp_path)


# --- printing -------------------------------------------------------------------------------------------------------


def _values(kind: kinds.Kind) -> st.SearchStrategy[kinds.Value]:
    if kind.is_switch:
        return st.booleans()
    if kind is kinds.PORT:
        return st.integers(0, 65535)
    if kind is kinds.NUMBER:
        return st.integers(0, 10**15)
    if kind is kinds.SECONDS:
        return st.floats(0, 1e9)
    text = st.text(st.characters(exclude_categories=["Cs"]))
    if kind in (kinds.FILE, kinds.FOLDER):
        return st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(lambda name: Path("/", name))
    words = kind.metavar.strip("{}").split(",")
    return st.sampled_from(words) if kind.metavar.startswith("{") else text


@given(st.data())
def test_what_is_printed_is_such_a_file(data: st.DataObject) -> None:
    """Whatever the settings are, the file that is printed says the same."""
    found = [
        Effective(each, each.default if each.key == "memory" else data.draw(_values(each.kind))) for each in settings()
    ]
    read = parse_file(format_toml(found), HERE)
    assert [(each.setting.key, each.value) for each in read] == [(each.setting.key, each.value) for each in found]


def test_tables_of_plugins_are_their_own(tmp_path: Path) -> None:
    """Whatever stands in `[plugins.NAME]` is read as it is, and printed so; what stands in `[plugins]` are settings."""
    file = tmp_path / "server.toml"
    table = '[plugins]\nload = "filter"\n\n[plugins.filter]\nwords = ["a", "\\u0007\\""]\nwhen = 2026-01-02\n'
    file.write_text(table + 'deep = {"a b" = [1, 2.5, true, {c = "d"}]}\n\n[plugins.other]\nx = 1\n', encoding="utf-8")
    assert _value(read_file(file), "plugins.load").value == "filter"
    tables = plugin_tables(file, {})
    assert tables["other"] == {"x": 1}
    assert tables["filter"]["deep"] == {"a b": [1, 2.5, True, {"c": "d"}]}
    printed = format_toml(effective({}, {}, file), tables)
    assert tomllib.loads(printed)["plugins"] == {"load": "filter", **tables}


def test_there_may_be_no_tables_of_plugins(tmp_path: Path) -> None:
    """A file without any, and no file at all, are none."""
    file = tmp_path / "server.toml"
    file.write_text("port = 1\n", encoding="utf-8")
    assert plugin_tables(file, {}) == {}
    file.write_text('[plugins]\nload = "x"\n', encoding="utf-8")
    assert plugin_tables(file, {}) == {}


def test_what_is_not_set_is_a_comment() -> None:
    """A setting without a value stands there as a comment; a source's line ends cannot break out of theirs."""
    unset = Effective(by_key()["cert"], None)
    odd = Effective(by_key()["port"], 1, Rank.FILE, "a\nport = 2")
    assert tomllib.loads(format_toml([unset, odd])) == {"port": 1}
    assert format_value('a"\\\n') == '"a\\"\\\\\\u000a"'


def test_config_prints_a_file_that_can_be_used(libchat: Run, tmp_path: Path) -> None:
    """`libchat config` of a file that it has printed prints the same settings."""
    first = libchat("config", "--port", "9000", "--data", "chat", "--stop-seconds", "3", "--log-json")
    assert (first.returncode, first.stderr) == (0, "")
    assert "port = 9000  # --port\n" in first.stdout
    file = tmp_path / "server.toml"
    file.write_text(first.stdout, encoding="utf-8")
    second = libchat("config", "--config", str(file))
    assert tomllib.loads(second.stdout) == tomllib.loads(first.stdout)
    assert f"port = 9000  # {file}, line " in second.stdout


def test_config_as_json(libchat: Run, env: dict[str, str]) -> None:
    """--json tells each setting with its value, its source, its flag and its variable."""
    env["LIBCHAT_SERVER_KEEP_DAYS"] = "7"
    told = {each["key"]: each for each in map(json.loads, libchat("config", "--json").stdout.splitlines())}
    assert list(told) == [each.key for each in settings()]
    assert told["keep_days"] == {
        "key": "keep_days",
        "value": 7,
        "source": "$LIBCHAT_SERVER_KEEP_DAYS",
        "flag": "--keep-days",
        "variable": "LIBCHAT_SERVER_KEEP_DAYS",
    }
    assert told["cert"]["value"] is None


# --- the program ----------------------------------------------------------------------------------------------------


def test_a_server_obeys_its_file(env: dict[str, str], tmp_path: Path, libchat: Run) -> None:
    """`serve --config` keeps its data where the file says, and the commands for the log find it there, too."""
    file = tmp_path / "server.toml"
    file.write_text('data = "chat"\n[limits]\nstop_seconds = 1\n', encoding="utf-8")
    with Serving("--port", "0", "--config", str(file), env=env):
        assert (tmp_path / "chat" / "server-key.pem").exists()
    env["LIBCHAT_SERVER_CONFIG"] = str(file)
    assert libchat("verify").stdout.startswith(f"{tmp_path / 'chat' / 'chat.db'} is right")


@pytest.mark.parametrize("command", ["serve", "host", "config"])
def test_a_wrong_file_ends_the_program(libchat: Run, tmp_path: Path, command: str) -> None:
    """An unknown key is wrong usage: exit code 2, and one line that suggests the right one."""
    file = tmp_path / "server.toml"
    file.write_text("prot = 1\n", encoding="utf-8")
    done = libchat(command, "--config", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"libchat: {file}, line 1: there is no setting 'prot'; did you mean 'port'?\n"
    done = libchat(command, "--config", str(tmp_path / "none.toml"))
    assert done.returncode == 2
    assert "none.toml cannot be read: No such file" in done.stderr


def test_a_limit_by_a_variable_is_obeyed(libchat: Run, env: dict[str, str]) -> None:
    """A limit takes effect, whatever its source: nobody may be without a name for longer than it says."""
    env["LIBCHAT_SERVER_REGISTER_SECONDS"] = "0"
    with Serving("--memory", "--plaintext", "--port", "0", env=env) as server:
        env["LIBCHAT_PORT"] = str(server.port)
        done = libchat("doctor", f"127.0.0.1:{server.port}", "--plaintext", "--quick")
        assert "no name was registered within 0 seconds" in done.stdout or "the answer is none of a chat" in done.stdout


def test_help_can_be_gone_on_from() -> None:
    """Help of every setting fits into a sentence: it begins small, and has no full stop, for others to go on."""
    for each in settings():
        if not each.is_limit:
            assert not each.help[0].isupper()
            assert not each.help.endswith(".")
