"""The alarm rules: complete, and refused with file, line and remedy when they are not."""

from pathlib import Path

import pytest

from console.domain.alarms import AlarmRule, Severity
from console.domain.alarms import Test as Comparison
from console.services.rules import RuleError, load_rules

GOOD = """
[[rule]]
id = "hot"
title = "{device}: chip {value}, limit {limit}"
clause = "chip {value}"
plural = "hot miners"
category = "thermal"
kinds = ["miner"]
point = "chip_temp"
test = "above"
limit = 75
on_delay = 30
off_delay = 60
severity = 4
cause = "c"
consequence = "c"
action = "a"
guidance = ["g"]
display = "device"
runbook = "none"
runbook_reason = "r"
"""


def read(tmp_path: Path, text: str) -> tuple[AlarmRule, ...]:
    (tmp_path / "rules.toml").write_text(text)
    return load_rules(tmp_path)


def test_that_every_built_in_rule_is_complete() -> None:
    rules = load_rules()
    assert len(rules) >= 20
    for rule in rules:
        assert all((rule.cause, rule.consequence, rule.action, rule.guidance, rule.display, rule.clause, rule.plural))
        assert rule.runbook != "none" or rule.runbook_reason


def test_that_what_must_be_seen_at_once_has_no_delay() -> None:
    rules = {rule.id: rule for rule in load_rules()}
    assert rules["pump-tripped"].on_delay <= 2
    assert rules["coolant-leak"].on_delay == 0
    assert rules["coolant-leak"].latched
    assert rules["coolant-leak"].severity is rules["pump-tripped"].severity is Severity.SEV1
    assert rules["miner-chip-temperature-high"].on_delay <= 60
    assert rules["miner-unreachable"].on_delay >= 60


def test_that_a_good_rule_is_read(tmp_path: Path) -> None:
    (rule,) = read(tmp_path, GOOD)
    assert (rule.id, rule.test, rule.limit, rule.kinds) == ("hot", Comparison.ABOVE, 75.0, ("miner",))


def test_that_a_state_is_written_by_its_name(tmp_path: Path) -> None:
    text = GOOD.replace('"chip_temp"', '"pump_state"').replace('"above"', '"equals"')
    assert read(tmp_path, text.replace("limit = 75", 'limit = "tripped"'))[0].limit == 2.0
    with pytest.raises(RuleError, match="no state 'broken'; known are stopped, running, tripped"):
        read(tmp_path, text.replace("limit = 75", 'limit = "broken"'))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("severity = 4", "severity = 5", "rules.toml, line 14: severity must be 1, 2, 3 or 4"),
        ('action = "a"\n', "", "rules.toml, line 2: 'action' is missing; every alarm needs"),
        ('runbook_reason = "r"\n', "", 'rules.toml, line 20: runbook "none" needs a runbook_reason'),
        ('"chip_temp"', '"chip_temperature"', "rules.toml, line 9: 'chip_temperature' is no canonical point"),
        ('"above"', '"over"', "rules.toml, line 10: test is 'over'; it must be one of above, below"),
        ('["miner"]', '["miners"]', "rules.toml, line 8: kinds names 'miners'; known are miner, pdu"),
        ("limit = 75\n", "", "rules.toml, line 2: give limit, limit_from, or both"),
        ("limit = 75", 'limit_from = "alarm_hi"', "rules.toml, line 11: 'alarm_hi' must be target:SHARE, point:NAME"),
        ("limit = 75", 'limit = "hot"', "rules.toml, line 11: chip_temp has no state 'hot'"),
        ("on_delay = 30", "on_delay = -1", "rules.toml, line 12: on_delay must be a number that is not negative"),
        ("on_delay = 30", "on_dely = 30", "rules.toml, line 12: unknown key 'on_dely'"),
        ("{value}, limit", "{temp}, limit", "rules.toml, line 4: {temp} cannot be filled; known are device"),
        ("chip {value}, limit", "chip {value, limit", "rules.toml, line 4: title has an unmatched brace"),
        ('"thermal"', '"heat"', "rules.toml, line 7: category is 'heat'; it must be one of miner-stuck"),
        ('["g"]', '["g", 1]', "rules.toml, line 18: guidance must be a list of texts"),
        ('"c"\nconsequence', "7\nconsequence", "rules.toml, line 15: cause must be text in quotes"),
        ("severity = 4", 'severity = 4\nlatched = "yes"', "rules.toml, line 15: latched must be true or false"),
        ('"above"', '"silent"', "rules.toml, line 9: a silent rule watches the whole device; remove its point"),
        ('"above"', '"frozen"', "rules.toml, line 11: a frozen rule has no limit; its delay decides"),
        ("[[rule]]", "[[rule", "rules.toml: "),
        ("[[rule]]", "[other]\n[[rule]]", "rules.toml: unknown table 'other'"),
    ],
)
def test_that_a_bad_rule_is_refused_with_its_place_and_remedy(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(RuleError) as refused:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert message in str(refused.value)


def test_that_the_line_is_that_of_the_rule_at_fault(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"rules\.toml, line 35: severity must be"):
        read(tmp_path, GOOD + GOOD.replace('"hot"', '"hotter"').replace("severity = 4", "severity = 9"))


def test_that_two_rules_do_not_share_a_name(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"rules\.toml, line 24: a rule 'hot' exists already"):
        read(tmp_path, GOOD + GOOD)
