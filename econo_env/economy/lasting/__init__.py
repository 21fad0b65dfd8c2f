"""Contracts that last: their section, columns and kernels; `economy.parts.lasting_contracts` is the row."""
