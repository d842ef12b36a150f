"""Install a lock file with pip and say how far it is. Called by make with the new environment's Python, before anything is there.

python src/helpers/build/install.py requirements.lock
"""

import re
import subprocess
import sys
import time
from collections import deque
from pathlib import Path


def main(lock: Path) -> int:
    """Run pip on `lock`; a line every few seconds says what it does. Returns pip's exit status."""
    total = len(re.findall(r"^[\w.-]+==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off",
               "--require-hashes", "--requirement", str(lock)]  # fmt: skip
    found, told, last = 0, time.monotonic(), deque(maxlen=30)
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pip:
        for line in pip.stdout:
            last.append(line)
            found += line.startswith(("Collecting", "Requirement already"))
            if line.startswith("Installing collected"):
                print(f"  {total} packages are here; unpacking them takes about a minute ...", flush=True)
            elif time.monotonic() - told > 5:
                print(f"  {found} of {total} packages ...", flush=True)
                told = time.monotonic()
    if pip.returncode:
        print("".join(last), file=sys.stderr)
    return pip.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
