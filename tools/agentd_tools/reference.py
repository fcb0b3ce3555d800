"""python -m agentd_tools.reference: docs/configuration.md, from the model of agentd.toml."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agentd.config import Settings

_HEAD = """# Configuration

Written from the code by `make schemas`; the same as a man page: `man agentd.toml`; for editors:
`agentd schema config`, or [schemas/](../schemas/config.schema.json).

`agentd.toml` is read from `--config`, else `AGENTD_CONFIG`, else the current folder. What is left
out has its default. A variable wins over the file: `AGENTD_SERVER_ESL_PORT=8084` is `[server]
esl_port`. A setting that does not exist, or a value out of its range, is refused by name, before
anything starts; `agentd check` says so too. Relative folders count from `[paths] root`, and that
from the file's folder.
"""


def page() -> str:
    """The Markdown."""
    lines = [_HEAD]
    for section, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        title = (model.__doc__ or "").strip()
        lines += [f"## `[{section}]`", "", title, "", "| setting | default | takes | what |"]
        lines.append("|---|---|---|---|")
        told = Settings.model_json_schema()["$defs"][model.__name__]["properties"]
        lines += list(_rows(model.model_fields, told))
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _rows(fields: dict[str, FieldInfo], told: dict[str, Any]) -> Iterator[str]:
    for name, field in fields.items():
        default = field.default
        shown = "none" if default is None else _toml(default)
        yield f"| `{name}` | {shown} | {_takes(told[name])} | {field.description or ''} |"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if isinstance(value, int | float) else f'`"{value}"`'


def _takes(told: dict[str, Any]) -> str:
    choices = told.get("enum")
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    first = next((one for one in told.get("anyOf", [told]) if one.get("type") != "null"), told)
    kind = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
    word = "a path" if first.get("format") == "path" else kind.get(first.get("type", ""), "text")
    low = first.get("minimum", first.get("exclusiveMinimum"))
    high = first.get("maximum")
    if low is None and high is None:
        return word
    over = "over " if "exclusiveMinimum" in first else "from "
    return f"{word} {over}{low}" + (f" to {high}" if high is not None else "")


if __name__ == "__main__":
    print(page(), end="")
