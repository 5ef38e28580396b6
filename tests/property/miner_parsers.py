"""Every miner parser as a function from the answers of one poll to a report."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.miners.antminer.parser import AntminerParser
from drivers.miners.auradine import driver as auradine
from drivers.miners.avalon.parser import AvalonParser
from drivers.miners.bitaxe import driver as bitaxe
from drivers.miners.braiins.graphql_parser import GraphqlParser
from drivers.miners.braiins.rest_parser import RestParser
from drivers.miners.braiins.text import TextParser
from drivers.miners.epic import driver as epic
from drivers.miners.luxos.parser import LuxosParser
from drivers.miners.mara import driver as mara
from drivers.miners.reply import objects
from drivers.miners.reporter import Reporter
from drivers.miners.sealminer.parser import SealminerParser
from drivers.miners.vnish.parser import VnishParser
from drivers.miners.web_pages import Pages
from drivers.miners.whatsminer.parser import WhatsminerParser
from drivers.miners.whatsminer.v2_sections import facts_of as facts_of_v2
from drivers.miners.whatsminer.v2_sections import told_by as told_by_v2
from drivers.miners.whatsminer.v3_sections import facts_of as facts_of_v3
from drivers.miners.whatsminer.v3_sections import message
from drivers.miners.whatsminer.v3_sections import told_by as told_by_v3
from drivers.transports.cgminer import Answers

Documents: TypeAlias = dict[str, Any]
"""The JSON of each answer of one poll, by command or path."""
Parse: TypeAlias = Callable[[Documents, bool], Report]

PLACE = "127.0.0.1:1"


def answers(documents: Documents, repaired: bool) -> Answers:
    sections = {name: part for name, part in documents.items() if isinstance(part, dict) and not name.startswith("/")}
    return Answers(sections, repaired, 1.0, 2.0)


def pages(documents: Documents, repaired: bool) -> Pages:
    found = Pages(PLACE, repaired=repaired, asked=1.0, answered=2.0)
    for path, part in documents.items():
        if isinstance(part, dict) and path.startswith("/"):
            found.found[path] = part
        elif isinstance(part, list):
            found.lists[path] = objects(part)
    return found


def _text(parser: Any) -> Parse:
    return lambda documents, repaired: parser.report(answers(documents, repaired), Tier.FULL)


def _antminer_web(profile: Profile) -> Parse:
    parser = AntminerParser(profile)

    def read(documents: Documents, repaired: bool) -> Report:
        by_name = {path.removeprefix("/cgi-bin/").removesuffix(".cgi"): part for path, part in documents.items()}
        return parser.report(answers(by_name, repaired), Tier.FULL)

    return read


def _auradine(profile: Profile) -> Parse:
    reporter = Reporter(profile)
    return lambda documents, repaired: auradine.report(
        answers(documents, repaired), pages(documents, repaired), reporter, Tier.FULL
    )


def _bitaxe(profile: Profile) -> Parse:
    reporter = Reporter(profile)

    def read(documents: Documents, repaired: bool) -> Report:
        found = pages(documents, repaired)
        return bitaxe.report(found, found.page("/api/system/asic"), reporter, Tier.FULL)

    return read


def _epic(profile: Profile) -> Parse:
    reporter = Reporter(profile)

    def read(documents: Documents, repaired: bool) -> Report:
        found = pages(documents, repaired)
        return epic.report(found, found.page("/capabilities"), reporter, Tier.FULL)

    return read


def _mara(profile: Profile) -> Parse:
    reporter = Reporter(profile)
    return lambda documents, repaired: mara.report(pages(documents, repaired), reporter, Tier.FULL)


def _braiins_rest(profile: Profile) -> Parse:
    parser = RestParser(profile)
    return lambda documents, repaired: parser.report(pages(documents, repaired), Tier.FULL, 2.0)


def _braiins_graphql(profile: Profile) -> Parse:
    parser = GraphqlParser(profile)

    def read(documents: Documents, repaired: bool) -> Report:
        data = next((part.get("data") for part in documents.values() if isinstance(part, dict)), None)
        return parser.report(data if isinstance(data, dict) else {}, Tier.FULL, 1.0, 2.0, repaired=repaired)

    return read


def _vnish(profile: Profile) -> Parse:
    parser = VnishParser(profile)
    return lambda documents, repaired: parser.report(pages(documents, repaired), Tier.FULL)


def _whatsminer_v2(profile: Profile) -> Parse:
    parser = WhatsminerParser(profile)

    def read(documents: Documents, repaired: bool) -> Report:
        sections = dict(answers(documents, repaired).sections)
        told = told_by_v2(sections, facts_of_v2(sections), repaired=repaired)
        return parser.report(told, Tier.FULL, 1.0, 2.0)

    return read


def _whatsminer_v3(profile: Profile) -> Parse:
    parser = WhatsminerParser(profile)

    def read(documents: Documents, repaired: bool) -> Report:
        told = {name: message(part, PLACE) for name, part in answers(documents, repaired).sections.items()}
        status: dict[str, object] = {}
        for name, part in told.items():
            if name.startswith("get.miner.status"):
                status |= part
        device, setting = told.get("get.device.info ", {}), told.get("get.miner.setting ", {})
        both = told_by_v3(status, device, setting, facts_of_v3(device), repaired=repaired)
        return parser.report(both, Tier.FULL, 1.0, 2.0)

    return read


PARSERS: Mapping[str, Callable[[Profile], Parse]] = {
    "antminer-stock": lambda profile: _text(AntminerParser(profile)),
    "antminer-stock web": _antminer_web,
    "auradine": _auradine,
    "avalon": lambda profile: _text(AvalonParser(profile)),
    "avalon-home": lambda profile: _text(AvalonParser(profile)),
    "bitaxe": _bitaxe,
    "braiins": _braiins_rest,
    "braiins-4028": lambda profile: _text(TextParser(profile)),
    "braiins-graphql": _braiins_graphql,
    "epic": _epic,
    "luxos": lambda profile: _text(LuxosParser(profile)),
    "mara": _mara,
    "sealminer": lambda profile: _text(SealminerParser(profile)),
    "vnish": _vnish,
    "whatsminer-v2": _whatsminer_v2,
    "whatsminer-v3": _whatsminer_v3,
}
"""By profile id, with a word behind it where a family has two shapes.

Makes what reads the answers of one poll, and keeps what the driver keeps between polls."""
