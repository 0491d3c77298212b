"""What lies in the repository is for everyone: no machine's paths, no registry's address, nothing heavy."""

import re

# Written in pieces so that this file does not break its own rule.
HOSTS = ["py" + "pi.org", "pythonho" + "sted.org", "npm" + "js.org", "registry." + "yarnpkg", "deb." + "debian.org"]
MACHINES = ["farm-" + "studio", "farm-" + "bench"]
PATHS = re.compile(r"(?<![\w.~-])/(?:work|root|home/\w+|Users/\w+|opt/pypi)/\w")
LARGEST_BYTES = 1_000_000


def texts(tracked):
    for path in tracked:
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_a_registry_or_a_machine(tracked, root):
    wrong = []
    for path, text in texts(tracked):
        for number, line in enumerate(text.splitlines(), start=1):
            if any(word in line for word in HOSTS + MACHINES) or PATHS.search(line):
                wrong.append(f"{path.relative_to(root)}:{number} {line.strip()[:80]}")
    assert not wrong, "\n".join(wrong)


def test_constraints_hold_exact_versions_and_no_addresses(root):
    lines = [line for line in (root / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 30
    assert not [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*", line)]
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0])


def test_nothing_heavy_is_tracked(tracked, root):
    heavy = [f"{path.relative_to(root)}: {size}" for path in tracked if (size := path.stat().st_size) > LARGEST_BYTES]
    assert not heavy, "\n".join(heavy)


def test_the_licence_is_there(root):
    text = (root / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_path_rule_catches_a_path_and_lets_prose_pass():
    assert PATHS.search("open('/" + "work/data')")
    assert not PATHS.search("../shared/data and src/work/rooms, see docs/home/page")
