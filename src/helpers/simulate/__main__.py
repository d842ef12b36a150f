"""Write every simulated file to `data/simulated/`: `make simulated`."""

from helpers.simulate import examples

examples.write()
