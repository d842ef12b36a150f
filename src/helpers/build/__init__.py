"""Plan, run and render: what `make all` and `make run` do."""

import sys

# jsonschema, which nbformat loads, would compile a grammar of web addresses: more than a second of each start. No schema of
# notebooks has an address in it, and jsonschema goes on without.
sys.modules.setdefault("rfc3987_syntax", None)
