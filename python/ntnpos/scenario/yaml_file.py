# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as plain values: the JSON-like core of YAML 1.2, and nothing that a file could surprise with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError, describe
from ..network.fields import Fields, read_bytes, refuse_non_finite

MAX_FILE_BYTES = 4 * 1024 * 1024


class YamlFields(Fields):
    """Checked values of a YAML mapping."""

    KIND = "a mapping of fields"


class _Loader(yaml.SafeLoader):
    """Mappings, lists, text, numbers, true, false, null. No anchors, no repeated names, no dates.

    PyYAML follows YAML 1.1, where ``2.0e9`` is text, ``no`` is false and ``010`` is eight; here ``2.0e9`` is a number, ``no``
    text and ``010`` ten, as in YAML 1.2.
    """

    yaml_implicit_resolvers: dict = {}

    def compose_node(self, parent, index):
        """See `yaml.composer.Composer.compose_node`."""
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "an alias is not allowed", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        """See `yaml.constructor.SafeConstructor.construct_mapping`."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(None, None, "a name that is not text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{describe(key.value)} appears twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolve("null", r"^(?:~|null|)$", "~n")
_resolve("bool", r"^(?:true|false)$", "tf")
_resolve("int", r"^[-+]?[0-9]+$", "-+0123456789")
_resolve("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789")
_resolve("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", "-+.")
_Loader.yaml_implicit_resolvers.setdefault("", []).append(("tag:yaml.org,2002:null", re.compile(r"^$")))
# Decimal, whatever the leading zeros.
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))


def read_yaml(path: str | Path) -> Any:
    """The value in a YAML file.

    Raises
    ------
    InputError
        Unreadable, larger than 4 MiB, empty, not UTF-8, not YAML of this kind, or with a number that is not finite.
    """
    data = read_bytes(path, MAX_FILE_BYTES)
    try:
        value = yaml.load(data.decode("utf-8"), Loader=_Loader)
    except UnicodeDecodeError:
        raise InputError(path, "file", "is not UTF-8 text", "YAML") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        raise InputError(path, "file", f"is not YAML ({error.problem or error.context}{where})",
                         "YAML with each name once, without aliases") from None
    except RecursionError:
        raise InputError(path, "file", "is nested too deeply", "YAML of a few levels") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(path, "file", f"is not YAML ({error})", "YAML") from None
    if value is None:
        raise InputError(path, "file", "is empty", "a scenario")
    refuse_non_finite(value, path)
    return value
