# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the command lines in a README.

An indented block, and a fenced block without a language, consist of command lines; all else is in fenced blocks with
a language (`text`, `json`). In a block with lines that begin with `$ ` only these are command lines, and the lines below
each are what it prints. `<!-- not run: REASON -->` above a block marks it.
"""
import dataclasses
import re
from typing import Optional

MARK = re.compile(r"<!-- not run:(.*)-->$")
FENCE = re.compile(r"```(\w*)$")


class Malformed(Exception):
    pass


@dataclasses.dataclass
class Block:
    line: int  # of its first line in the README, from 1
    language: str
    lines: list
    reason: Optional[str]  # why it is not run


@dataclasses.dataclass
class Command:
    line: int
    text: str
    below: Optional[list]  # all lines behind it in a transcript, further commands included, as (number, line)
    reason: Optional[str]


def blocks(text):
    lines = text.splitlines()
    at, reason, found = 0, None, []
    while at < len(lines):
        first = at
        fence, mark = FENCE.match(lines[at]), MARK.match(lines[at])
        if fence:
            end = lines.index("```", at + 1)
            found.append(Block(first + 2, fence[1], lines[at + 1 : end], reason))
            at, reason = end + 1, None
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip()):
            while at < len(lines) and lines[at].startswith("    "):
                at += 1
            found.append(Block(first + 1, "", [line[4:] for line in lines[first:at]], reason))
            reason = None
        elif mark:
            if not mark[1].strip():
                raise Malformed(f"line {at + 1}: no reason is given")
            at, reason = at + 1, mark[1].strip()
        else:
            if lines[at].strip() and reason:
                raise Malformed(f"line {at + 1}: the mark above is not followed by a block")
            at += 1
    if reason:
        raise Malformed("the last mark is not followed by a block")
    return found


def commands(text):
    for block in blocks(text):
        transcript = any(line.startswith("$ ") for line in block.lines)
        if block.language:
            if transcript:
                raise Malformed(f"line {block.line}: a transcript is in a block of {block.language}")
            continue
        at = 0
        while at < len(block.lines):
            first = at
            if transcript and not block.lines[at].startswith("$ "):
                at += 1
                continue
            while block.lines[at].endswith("\\") and at + 1 < len(block.lines):
                at += 1
            at += 1
            command = "\n".join(block.lines[first:at])
            yield Command(
                block.line + first,
                command[2:] if transcript else command,
                [(block.line + i, block.lines[i]) for i in range(at, len(block.lines))] if transcript else None,
                block.reason,
            )


def names(text):
    """The commands that sentences name, most with an argument or an option: (line, words)."""
    inside = {block.line + at for block in blocks(text) for at in range(len(block.lines))}
    lines = ["" if number in inside or line == "```" else line for number, line in enumerate(text.splitlines(), 1)]
    prose = "\n".join(lines)
    for span in re.finditer(r"(?<!`)`([^`]+)`(?!`)", prose):
        words = span[1].split()
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        if words and re.match(r"(build/fdt/)?kho$|ci/[a-z-]+$|meson$|ninja$|qemu-system-", words[0]):
            yield prose.count("\n", 0, span.start()) + 1, words


def masked(line):
    """What varies is left out: numbers behind a `#`, which are measured; addresses; patch levels; the width of columns."""
    before, sign, behind = line.rstrip("\r").partition("# ")
    line = before + sign + re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?", "N", behind)
    line = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", line)
    line = re.sub(r"(Linux (?:version )?\d+\.\d+)\.\d+", r"\1.N", line)
    if "kho: " in line:  # the loader of a baked file
        line = re.sub(r"\d+", "N", line)
    return " ".join(line.split())


def printed(expected, output):
    """Whether these lines are this output. `...` stands for any lines, and at the end of a line for its rest."""
    pattern = ""
    for line in expected:
        line = masked(line)
        if line == "...":
            pattern += r"(?:.*\n)*?"
        elif line.endswith(" ..."):
            pattern += re.escape(line[:-3]) + r".*\n"
        else:
            pattern += re.escape(line) + r"\n"
    text = "".join(masked(line) + "\n" for line in output.rstrip().splitlines())
    return re.fullmatch(pattern, text) is not None


def match(below, output):
    """Compares output with what a transcript has below a command.

    A command may print lines that begin with `$ ` itself. Returns the numbers of those, or None if nothing fits.
    """
    prompts = [at for at, (_, line) in enumerate(below) if line.startswith("$ ")]
    for end in prompts + [len(below)]:
        if printed([line for _, line in below[:end]], output):
            return [below[at][0] for at in prompts if at < end]
    return None
