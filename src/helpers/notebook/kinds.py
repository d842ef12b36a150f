"""Types of parameters that need more than a word: papermill lists a parameter only where its line names the type simply."""

from typing import Literal

Label = str | int
Codes = list[str | int | float]
Names = list[str] | dict[str, str]
Levels = list[str] | dict[str, str | int]
Scales = list[str] | dict[str, list[str]]
Level = Literal["primary", "lower secondary", "upper secondary"]
Engine = Literal["duckdb", "spark"]
Inference = Literal["CR2", "CRV3", "CRV1", "bootstrap"]
Treated = Literal["", "permutation", "CR2", "CRV3", "CRV1", "bootstrap"]
Interval = Literal["logit", "Korn-Graubard", "symmetric"]
