"""What conda-index needs of conda, which is not to be had from PyPI.

For the tests of this repository only: conda-index is an oracle there. The
names are conda's; the code behind them is not.
"""
