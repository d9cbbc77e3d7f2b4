"""config.toml and the environment: what is right loads, and every mistake is named with its path, all at once."""

from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path

import pytest

from ops_console import settings
from ops_console.console import PROJECT
from ops_console.core.errors import SettingsInvalid
from ops_console.core.secrets import Secret

SHIPPED = (PROJECT / "config.toml").read_text(encoding="utf-8")


def load(tmp_path: Path, *changes: tuple[str, str], **environment: str) -> settings.Settings:
    """The shipped file with places replaced, each of which must stand there."""
    text = SHIPPED
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return settings.load(tmp_path, {"OPS_CONFIG": str(path), **environment})


def problems(tmp_path: Path, *changes: tuple[str, str], **environment: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as refused:
        load(tmp_path, *changes, **environment)
    assert all(problem in str(refused.value) for problem in refused.value.problems)
    return refused.value.problems


def paths(tmp_path: Path, *changes: tuple[str, str], **environment: str) -> set[str]:
    return {problem.partition("：")[0] for problem in problems(tmp_path, *changes, **environment)}


def test_the_shipped_file_holds_the_tenders_contract() -> None:
    found = settings.load(PROJECT, {})
    terms = found.terms
    assert (terms.starts_on, terms.ends_on, terms.counts_from) == (
        date(2025, 1, 1),
        date(2027, 12, 31),
        date(2025, 1, 1),
    )
    assert {limit.id: limit.limit_seconds // 60 for limit in terms.limits} == {
        "C-15": 30, "C-16": 60, "C-17": 120, "C-18": 240, "C-38": 120,
    }  # fmt: skip
    assert {limit.id for limit in terms.limits if limit.pausable} == {"C-18"}
    assert terms.hours == (("08:00", "18:00"),)
    assert len(found.ticket_types) == 18
    assert [t.name for t in found.ticket_types if not t.declinable] == ["指令性任务"]
    assert len(found.modules) == 17
    assert (found.server.host, found.server.port) == ("127.0.0.1", 8000)
    assert (found.database_url, found.database_password) == ("", None)
    assert found.data_folder == PROJECT / "data"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("port = 8000", 'port = 8000\nprot = 1', "server.prot"),
        ("threads = 4", "", "server.threads"),
        ("port = 8000", 'port = "8000"', "server.port"),
        ("port = 8000", "port = 65536", "server.port"),
        ("port = 8000", "port = true", "server.port"),
        ("port = 8000", "port = 8000.0", "server.port"),
        ('public_url = ""', 'public_url = "127.0.0.1"', "server.public_url"),
        ('public_url = ""', 'public_url = "http://a@b"', "server.public_url"),
        ("trusted_proxies = []", 'trusted_proxies = "10.0.0.1"', "server.trusted_proxies"),
        ('host = "127.0.0.1"', 'host = "0.0.0.0"', "server.host"),
        ('host = "127.0.0.1"', 'host = ""', "server.host"),
        ('password_rules = "gb22239"', 'password_rules = "none"', "security.password_rules"),
        ("lock_after_failures = 5", "lock_after_failures = 1", "security.lock_after_failures"),
        ("hospital_networks = []", 'hospital_networks = ["10.20.0.1/16"]', "security.hospital_networks[0]"),
        ("hospital_networks = []", 'hospital_networks = ["10.0.0.0/8", "ward"]', "security.hospital_networks[1]"),
        ('master_key = ""', 'master_key = "b2YgdGhlIHRlc3Rz"', "security.master_key"),
        ('master_key = ""', 'master_key = "env:NOT_THERE"', "security.master_key"),
        ("purge_after_days = 180", "purge_after_days = 0", "personal.purge_after_days"),
        ("keep_uploads_days = 30", "keep_uploads_days = 3651", "personal.keep_uploads_days"),
        ('"就诊卡号", ', '"号", ', "personal.record_labels[0]"),
        ('\nurl = ""', '\nurl = "mysql://ops@db/ops"', "database.url"),
        ('\nurl = ""', '\nurl = "postgresql://ops:geheim@db/ops"', "database.url"),
        ('\nurl = ""', '\nurl = "postgresql://db/ops?user=ops&password=geheim"', "database.url"),
        ('\nurl = ""', '\nurl = "postgresql://db:x/ops"', "database.url"),
        ('\nurl = ""', '\nurl = "postgresql://[::1/ops"', "database.url"),
        ('password = ""', 'password = "geheim"', "database.password"),
        ('password = ""', 'password = "env:NOT_SET"', "database.password"),
        ('password = ""', 'password = "file:/nowhere/at/all"', "database.password"),
        ('\nurl = ""', '\nurl = "env:NOT_SET"', "database.url"),
        ('hours = ["08:00-18:00"]', 'hours = ["8-18"]', "working_time.hours[0]"),
        ('hours = ["08:00-18:00"]', 'hours = ["18:00-08:00"]', "working_time.hours"),
        ('hours = ["08:00-18:00"]', 'hours = ["08:00-25:00"]', "working_time.hours"),
        ('hours = ["08:00-18:00"]', 'hours = ["08:00-12:00", "11:00-18:00"]', "working_time.hours"),
        ('hours = ["08:00-18:00"]', "hours = []", "working_time.hours"),
        ("breaks = []", 'breaks = ["12:00-13:00", "12:30-14:00"]', "working_time.breaks"),
        ("breaks = []", 'breaks = ["00:00-24:00"]', "working_time"),
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Nowhere"', "working_time"),
        ('statutory_source = "chinesecalendar"', 'statutory_source = "guess"', "working_time.statutory_source"),
        ("starts_on = 2025-01-01", "starts_on = 2028-01-01", "contract.ends_on"),
        ("counts_from = 2025-01-01", "counts_from = 2024-12-31", "contract.counts_from"),
        ("starts_on = 2025-01-01", 'starts_on = "gestern"', "contract.starts_on"),
        ("limit_minutes = 30", "limit_minutes = 0", "contract.time_limit[0].limit_minutes"),
        ('types = ["故障"]', 'types = ["故障", "事故"]', "contract.time_limit[0].types"),
        ('except_types = ["故障"]', 'except_types = ["事故"]', "contract.time_limit[4].except_types"),
        ('from = "reported"', 'start = "reported"', "contract.time_limit[0].start"),
        ('id = "C-15"', 'id = "15"', "contract.time_limit[0].id"),
        ('classes = ["work"]', 'classes = ["work", "off"]', "contract.time_limit"),
        ('classes = ["work"]', 'classes = ["off"]', "contract.time_limit"),
        ('name = "咨询"\ndeclinable = true', 'name = "故障"\ndeclinable = true', "ticket_type"),
        ('name = "咨询"\ndeclinable = true', 'name = "咨询"', "ticket_type[0].declinable"),
        ('code = "M-02"', 'code = "M-01"', "catalogue"),
        ('name = "微信公众号"', 'name = "支付宝小程序"', "catalogue"),
        ("[server]", "[[server]]", "server"),
        ("[server]", "[sevrer]", "sevrer"),
        ("[server]", "[sevrer]", "server"),
        ("[security]", 'token = "geheim"\n[security]', "database.token"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_path(tmp_path: Path, old: str, new: str, path: str) -> None:
    assert path in paths(tmp_path, (old, new))


def test_a_secret_is_not_repeated_in_what_is_said_about_it(tmp_path: Path) -> None:
    said = problems(
        tmp_path, ('password = ""', 'password = "geheim"'), ('\nurl = ""', '\nurl = "postgresql://o:tief@h/d"')
    )
    assert not [problem for problem in said if "geheim" in problem or "tief" in problem]


def test_all_problems_of_a_file_stand_in_one_message(tmp_path: Path) -> None:
    changes = [
        ("port = 8000", "prot = 8000"),
        ('host = "127.0.0.1"', 'host = "0.0.0.0"'),
        ('\nurl = ""', '\nurl = "postgresql://ops:geheim@db/ops"'),
        ('password = ""', 'password = "geheim"'),
        ("idle_minutes = 20", "idle_minutes = 0"),
        ('hours = ["08:00-18:00"]', 'hours = ["08:00-12:00", "11:00-18:00"]\nlunch = true'),
        ('types = ["故障"]', 'types = ["事故"]'),
        ("ends_on = 2027-12-31", "ends_on = 2024-12-31"),
        ('name = "咨询"\ndeclinable = true', 'name = "缺陷"\ndeclinable = true'),
        ('code = "M-02"', 'code = "M-01"'),
    ]
    assert paths(tmp_path, *changes) >= {
        "server.prot", "server.port", "database.url", "database.password", "security.idle_minutes",
        "working_time.hours", "working_time.lunch", "contract.time_limit[0].types", "ticket_type", "catalogue",
    }  # fmt: skip


def test_what_sections_say_together_is_told_beside_the_faults_of_others(tmp_path: Path) -> None:
    changes = [('host = "127.0.0.1"', 'host = "0.0.0.0"'), ("idle_minutes = 20", 'idle_minutes = "x"'),
               ("ends_on = 2027-12-31", "ends_on = 2024-12-31"), ('\nurl = ""', '\nurl = "env:NOT_SET"'),
               ('password = ""', 'password = "env:NOT_SET_EITHER"')]  # fmt: skip
    assert paths(tmp_path, *changes) == {
        "server.host", "security.idle_minutes", "contract.ends_on", "contract.counts_from", "database.url",
        "database.password",
    }  # fmt: skip


def test_a_problem_is_told_once(tmp_path: Path) -> None:
    said = problems(tmp_path, ('password = ""', 'password = "geheim"'))
    assert len(said) == len(set(said)) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"[server", "TOML"), (b"\xff\xfe", "UTF-8"), (b"", "server"), (b"a = nan", "server")],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsInvalid, match=words):
        settings.load(tmp_path, {})


def test_a_file_that_is_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="nowhere.toml"):
        settings.load(PROJECT, {"OPS_CONFIG": str(tmp_path / "nowhere.toml")})


def test_the_environment_names_the_file_the_data_and_single_values(tmp_path: Path) -> None:
    found = load(
        tmp_path, OPS_DATA=str(tmp_path / "elsewhere"), OPS_SERVER__PORT="9000", OPS_SERVER__HOST="0.0.0.0",
        OPS_SERVER__TRUSTED_PROXIES="10.0.0.1, 10.0.0.2", OPS_SECURITY__PASSWORD_RULES="asvs",
        OPS_DATABASE__URL="postgresql://ops@db/ops", OPS_DATABASE__PASSWORD="env:SECRET_HERE", SECRET_HERE="geheim",
    )  # fmt: skip
    assert found.config_path == tmp_path / "config.toml"
    assert found.data_folder == tmp_path / "elsewhere"
    assert (found.server.host, found.server.port) == ("0.0.0.0", 9000)
    assert found.server.trusted_proxies == ["10.0.0.1", "10.0.0.2"]
    assert found.security.password_rules == "asvs"
    assert found.database_url == "postgresql://ops@db/ops"
    assert found.database_password is not None
    assert found.database_password.reveal() == "geheim"


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("OPS_SERVER__PORT", "abc", "server.port"),
        ("OPS_SERVER__PROT", "1", "server.prot"),
        ("OPS_DATABASE__PASSWORD", "geheim", "database.password"),
        ("OPS_DATABASE__URL", "postgresql://o:geheim@h/d", "database.url"),
        ("OPS_SERVER__ALLOW_PLAIN_HTTP", "perhaps", "server.allow_plain_http"),
    ],
)
def test_a_mistake_in_the_environment_is_named_too(tmp_path: Path, name: str, value: str, path: str) -> None:
    assert paths(tmp_path, **{name: value}) == {path}


def test_the_contract_is_not_changed_from_the_environment(tmp_path: Path) -> None:
    assert load(tmp_path, OPS_CONTRACT__NUMBER="other").terms.number == "YW-2025-001"


def test_a_reference_to_a_file_or_an_address_with_its_secret_is_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim\n", encoding="utf-8")
    found = load(
        tmp_path, ('password = ""', f'password = "file:{tmp_path / "secret"}"'), ('\nurl = ""', '\nurl = "env:WHERE"'),
        WHERE="postgresql://ops@db/ops",
    )  # fmt: skip
    assert found.database_url == "postgresql://ops@db/ops"
    assert found.database_password is not None
    assert found.database_password.reveal() == "geheim"
    assert paths(tmp_path, ('\nurl = ""', '\nurl = "env:WHERE"'), WHERE="mysql://ops@db/ops") == {"database.url"}


def test_years_reviewed_by_the_parties_become_part_of_the_contract(tmp_path: Path) -> None:
    head = "\n[contract]\n"
    days = '\n[[working_time.override]]\nyear = 2027\nholidays = ["2027-01-01..2027-01-03"]\nworkdays = []\n'
    found = load(tmp_path, (head, days + head))
    assert found.terms.overrides[0].holidays == ("2027-01-01..2027-01-03",)
    outside = days.replace("2027-01-03", "2028-01-03")
    assert paths(tmp_path, (head, outside + head)) == {"working_time.override[0]"}
    assert paths(tmp_path, (head, days + days + head)) == {"working_time.override"}


def test_a_secret_shows_nothing_of_itself() -> None:
    secret = Secret("geheim")
    assert "geheim" not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_listening_outside_behind_a_proxy_or_by_explicit_wish_is_allowed(tmp_path: Path) -> None:
    outside = ('host = "127.0.0.1"', 'host = "0.0.0.0"')
    assert load(tmp_path, outside, ("trusted_proxies = []", 'trusted_proxies = ["10.0.0.1"]')).server.host == "0.0.0.0"
    assert load(tmp_path, outside, ("allow_plain_http = false", "allow_plain_http = true")).server.allow_plain_http


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "http://127.0.0.1:8000"), ({"PORT": "8870"}, "http://127.0.0.1:8870"),
        ({"PORT": "8870", "HOST": "::1"}, "http://[::1]:8870"), ({"PORT": "80"}, "http://127.0.0.1"),
        ({"HOST": "10.20.3.4", "ALLOW_PLAIN_HTTP": "true"}, "http://10.20.3.4:8000"),
        ({"HOST": "0.0.0.0", "ALLOW_PLAIN_HTTP": "true"}, "http://127.0.0.1:8000"),
        ({"PORT": "8870", "PUBLIC_URL": "https://ops.hospital.test"}, "https://ops.hospital.test"),
    ],
)  # fmt: skip
def test_the_address_follows_host_and_port_unless_it_is_set_on_purpose(
    tmp_path: Path, environment: dict[str, str], address: str
) -> None:
    given = {f"OPS_SERVER__{name}": value for name, value in environment.items()}
    assert load(tmp_path, **given).server.public_url == address


def test_the_address_follows_a_port_that_the_system_chose(tmp_path: Path) -> None:
    follows = load(tmp_path, OPS_SERVER__PORT="0").server.bound_to(45678)
    assert (follows.port, follows.public_url) == (45678, "http://127.0.0.1:45678")
    purpose = {"OPS_SERVER__PORT": "0", "OPS_SERVER__PUBLIC_URL": "https://ops.hospital.test"}
    assert load(tmp_path, **purpose).server.bound_to(45678).public_url == "https://ops.hospital.test"


def test_a_certificate_needs_its_address_said(tmp_path: Path) -> None:
    pair = {"OPS_SERVER__TLS_CERT": "/x/cert.pem", "OPS_SERVER__TLS_KEY": "/x/key.pem"}
    with pytest.raises(SettingsInvalid, match="server.public_url"):
        load(tmp_path, **pair)


OIDC = """[oidc]
issuer = "https://sso.hospital.example/realms/staff"
client_id = "ops-console"
client_secret = "env:OIDC_SECRET"
roles = ["hospital", "officer"]

[personal] """


def with_oidc(*changes: tuple[str, str]) -> tuple[str, str]:
    text = OIDC
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return "[personal] ", text


def test_a_provider_of_identities_is_off_unless_its_section_is_there(tmp_path: Path) -> None:
    assert load(tmp_path).oidc is None
    found = load(tmp_path, with_oidc(), OIDC_SECRET="hidden")
    assert found.oidc is not None
    assert (found.oidc.party, found.oidc.account_claim, found.oidc.roles) == (
        "hospital",
        "sub",
        ["hospital", "officer"],
    )
    assert found.oidc_secret is not None
    assert "hidden" not in repr(found)


def test_a_demo_keeps_of_the_site_s_own_places_the_port_alone(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{}", encoding="utf-8")
    environment = {
        "OPS_DATA": str(tmp_path), "OIDC_SECRET": "hidden", "OPS_SERVER__HOST": "10.20.3.4", "OPS_SERVER__PORT": "8123",
        "OPS_SERVER__PUBLIC_URL": "https://ops.hospital.test", "OPS_SERVER__TRUSTED_PROXIES": "10.20.3.1",
        "OPS_NETWORK__ALLOW": "10.20.3.9:443",
    }  # fmt: skip
    found = load(tmp_path, with_oidc(), **environment)
    assert (found.is_demo, found.oidc, found.oidc_secret, found.attachments.clamd) == (True, None, None, "")
    assert (found.network.allow, found.network.anchor_folders) == ([], [])
    server = found.server
    assert (server.host, server.port, server.public_url) == ("127.0.0.1", 8123, "http://127.0.0.1:8123")
    assert (server.trusted_proxies, server.allow_plain_http, server.tls_cert, server.tls_key) == ([], False, "", "")
    asked = settings.load(tmp_path, {**environment, "OPS_CONFIG": str(tmp_path / "config.toml")}, demo_host="10.20.3.5")
    assert (asked.server.host, asked.server.public_url) == ("10.20.3.5", "http://10.20.3.5:8123")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("https://sso", "http://sso", "oidc.issuer"),
        ('"env:OIDC_SECRET"', '"in clear"', "oidc.client_secret"),
        ('"officer"', '"vendor"', "oidc.roles[1]"),  # the hospital's provider never signs in the vendor
        ('"officer"', '"boss"', "oidc.roles[1]"),
        ('["hospital", "officer"]', "[]", "oidc.roles"),
        ("client_id", 'party = "anybody"\nclient_id', "oidc.party"),
        ("client_id", 'account_claim = "email"\nclient_id', "oidc.account_claim"),
        ("client_id", "create_accounts = true\nclient_id", "oidc.create_accounts"),
    ],
)
def test_a_provider_of_identities_is_configured_safely_or_not_at_all(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert paths(tmp_path, with_oidc((old, new)), OIDC_SECRET="hidden") == {told}
