#!/usr/bin/env python3
"""Checks the wording and the width of docs, comments and code.

Usage: style.py             reports each problem as `file:line: problem`; exit 1 if there is one
       style.py --count     prints the number of problems per folder and rule
       style.py --self-test shows that each rule fails on a bad line

`tests/style-allow.txt` holds the exceptions and the budgets of folders that are not finished.
"""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALLOW = ROOT / "tests" / "style-allow.txt"

# Folders that hold fetched or built files.
SKIP = {"target", "node_modules", "onnx/runtime", "onnx/encoder", "onnx/multilingual", "dist"}

COMMENT_WIDTH = 100
CODE_WIDTH = 110

DOC = re.compile(r"\s*(///|//!)(?!/)\s?(.*)$")
COMMENT = re.compile(r"\s*//")
BANNED_OPENING = re.compile(r"(What|Whether|How|Where|Who|Whoever|The same)\b")
IS_NO = re.compile(r"\b(?:is|are) no (?!longer\b)", re.IGNORECASE)

RULES = ("banned_openings", "is_no", "wide_comments", "wide_code")


def check_rust(lines):
    """Yields (line number, rule, problem) for the lines of one Rust file."""
    previous = None
    for number, line in enumerate(lines, 1):
        doc = DOC.match(line)
        marker = doc.group(1) if doc else None
        if doc and marker != previous:
            opening = BANNED_OPENING.match(doc.group(2))
            if opening:
                yield number, "banned_openings", f"the summary begins with \"{opening.group(1)}\""
        previous = marker
        comment = bool(COMMENT.match(line))
        # In code, "is no " can only be part of a text: a string, or the rest of one.
        if IS_NO.search(line) and (doc or not comment):
            yield number, "is_no", 'write what is wrong instead of "is no …" or "are no …"'
        if comment and len(line) > COMMENT_WIDTH:
            yield number, "wide_comments", f"{len(line)} columns; docs and comments have {COMMENT_WIDTH}"
        if not comment and len(line) > CODE_WIDTH:
            yield number, "wide_code", f"{len(line)} columns; code has {CODE_WIDTH}"


def check_markdown(lines):
    """Yields (line number, rule, problem) for the lines of one Markdown file."""
    for number, line in enumerate(lines, 1):
        if IS_NO.search(line):
            yield number, "is_no", 'write what is wrong instead of "is no …" or "are no …"'


def files(folder):
    """Yields the Rust and Markdown files below a folder, in order."""
    for path in sorted(folder.iterdir()):
        name = path.relative_to(ROOT).as_posix()
        if path.name.startswith(".") or path.name in SKIP or name in SKIP:
            continue
        if path.is_dir():
            yield from files(path)
        elif path.suffix in (".rs", ".md"):
            yield path


def folder_of(name):
    """Returns the folder whose budget a file counts for: a room of `src/`, or the top folder."""
    parts = name.split("/")
    if len(parts) == 1:
        return "."
    if parts[0] != "src":
        return parts[0]
    return "src/" + (parts[1] if len(parts) > 2 else Path(parts[1]).stem)


def read_allow(text):
    """Returns the budgets and the exceptions of an allow-list, or raises ValueError."""
    budgets, exceptions = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        budget = re.fullmatch(r"(\S+) (\S+) (\d+)", line)
        exception = re.fullmatch(r"allow (\S+) (\S+) `(.+)`: (.+)", line)
        found = budget or exception
        if not found:
            form = "`FOLDER RULE COUNT` or ``allow FILE RULE `TEXT`: REASON``"
            raise ValueError(f"line {number}: write {form}")
        if found.group(2) not in RULES:
            raise ValueError(f"line {number}: unknown rule `{found.group(2)}`; use one of {', '.join(RULES)}")
        if budget:
            if budget.groups()[:2] in budgets:
                raise ValueError(f"line {number}: duplicate budget")
            budgets[budget.groups()[:2]] = int(budget.group(3))
        else:
            exceptions.append(exception.groups()[:3])
    return budgets, exceptions


def judge(problems, budgets):
    """Returns the lines to print: the problems of each folder and rule that exceeds its budget."""
    counts = Counter((folder_of(name), rule) for name, _, rule, _ in problems)
    lines = []
    for name, number, rule, problem in problems:
        key = folder_of(name), rule
        if counts[key] > budgets.get(key, 0):
            lines.append(f"{name}:{number}: {problem}")
    for key, budget in budgets.items():
        if budget and counts[key] > budget:
            lines.append(f"{key[0]}: {counts[key]} problems of {key[1]} exceed the budget of {budget}")
    return lines


def find(exceptions):
    """Returns the problems of all files, without the exceptions, and the exceptions never used."""
    problems, unused = [], set(exceptions)
    for path in files(ROOT):
        name = path.relative_to(ROOT).as_posix()
        lines = path.read_text(encoding="utf-8").splitlines()
        check = check_rust if path.suffix == ".rs" else check_markdown
        for number, rule, problem in check(lines):
            used = [e for e in exceptions if e[0] == name and e[1] == rule and e[2] in lines[number - 1]]
            unused.difference_update(used)
            if not used:
                problems.append((name, number, rule, problem))
    return problems, sorted(unused)


def self_test():
    """Shows that each rule fails on a bad line, passes a good one, and that a budget holds."""
    bad = {
        "banned_openings": ["/// What waits longest.", "//! Whether it may act.", "    /// The same, later."],
        "is_no": ["/// `x` is no mode.", '    Err("there are no rules")'],
        "wide_comments": ["// " + "x" * 98, "    /// " + "x" * 93],
        "wide_code": ["let x = " + "1" * 103],
    }
    good = [
        "/// Returns the oldest pending delivery.",
        "/// Whatever is left.",
        "/// The label is no longer live.",
        "// " + "x" * 97,
        "let x = " + "1" * 102,
    ]
    for rule, lines in bad.items():
        for line in lines:
            found = [r for _, r, _ in check_rust([line])]
            assert found == [rule], f"{line!r}: expected {rule}, found {found}"
    for line in good:
        found = list(check_rust([line]))
        assert not found, f"{line!r}: expected no problem, found {found}"
    second = ["/// Returns the mode.", "/// What it permits is written there."]
    assert not list(check_rust(second)), "only the first line of a doc is its summary"
    assert [r for _, r, _ in check_markdown(["`x` is no mode"])] == ["is_no"]

    problems = [("src/store/mod.rs", 3, "is_no", "p"), ("src/store/row.rs", 4, "is_no", "p")]
    assert judge(problems, {}) == ["src/store/mod.rs:3: p", "src/store/row.rs:4: p"]
    assert not judge(problems, {("src/store", "is_no"): 2}), "a count at the budget passes"
    assert len(judge(problems, {("src/store", "is_no"): 1})) == 3, "a count above the budget fails"
    assert folder_of("src/clock.rs") == "src/clock" and folder_of("README.md") == "."
    for wrong in ("src/store is_no", "src/store unknown 3", "allow a.rs is_no `x`", "a is_no 1\na is_no 2"):
        try:
            read_allow(wrong)
        except ValueError:
            continue
        raise AssertionError(f"{wrong!r} was accepted")


def main(arguments):
    if arguments == ["--self-test"]:
        self_test()
        return 0
    if arguments not in ([], ["--count"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        budgets, exceptions = read_allow(ALLOW.read_text(encoding="utf-8"))
    except ValueError as wrong:
        print(f"tests/style-allow.txt: {wrong}", file=sys.stderr)
        return 2
    problems, unused = find(exceptions)
    if arguments:
        counts = Counter((folder_of(name), rule) for name, _, rule, _ in problems)
        for (folder, rule), count in sorted(counts.items()):
            print(folder, rule, count)
        return 0
    lines = judge(problems, budgets)
    lines += [f"tests/style-allow.txt: the exception for {name} `{text}` matches nothing; remove it"
              for name, _, text in unused]
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
