"""Command line behind `make moments`.

python -m helpers.release PARAMS pooled|school
"""

import sys

from helpers.release import released

sys.exit(released.main(sys.argv[1:]))
