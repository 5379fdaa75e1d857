"""Fill README.md and docs/ with committed results: `python -m commands.quote`.

A block stands between the lines `<!-- quote: NAME -->` and `<!-- end -->`; NAME is a key of `commands.blocks.BLOCKS`.
"""

import re
from pathlib import Path

from commands.blocks import BLOCKS
from stages.running.errors import InputError, report_input_errors
from stages.running.files import write_whole

START, END = "<!-- quote: ", "<!-- end -->"
BLOCK = re.compile(rf"(?ms)^{START}(.*?) -->\n.*?^{END}$")


def main() -> None:
    """Rewrite every page that has a stale block, and name it."""
    for page in [Path("README.md"), *sorted(Path("docs").glob("*.md"))]:
        old = page.read_text(encoding="utf-8")
        new = filled(page, old)
        if new != old:
            write_whole(page, new)
            print(f"{page}: updated")


def filled(page: Path, text: str) -> str:
    """Return `text`, the content of `page`, with every block filled.

    Raises InputError if a block has no end, or its name is unknown.
    """
    names = BLOCK.findall(text)
    if len(names) < len(re.findall(f"(?m)^{START}", text)):
        raise InputError(f"{page}: a block has no line {END}; every line {START}NAME --> needs one")
    for name in names:
        if name not in BLOCKS:
            raise InputError(f"{page}: the block {name!r} is unknown; allowed: {', '.join(BLOCKS)}")
    return BLOCK.sub(lambda block: f"{START}{block[1]} -->\n{BLOCKS[block[1]]()}\n{END}", text)


if __name__ == "__main__":
    report_input_errors(main)
