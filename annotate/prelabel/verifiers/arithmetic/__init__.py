"""The arithmetic verifier: ``notation`` reads signs, ``expressions`` computes, ``equations`` compares."""

from annotate.prelabel.verifiers.arithmetic.verifier import ArithmeticSettings, verify_arithmetic

__all__ = ["ArithmeticSettings", "verify_arithmetic"]
