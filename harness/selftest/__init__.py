"""The proof of detection: suites against mutants of the reference peers, on the virtual clock.

A mutant is killed when a check about its own requirement, or about another one of its section,
does not hold on it: that of a case or that of a monitor rule. One that only turns something
unrelated red is killed by chance, which is shown. A case that no mutant ever turns red cannot fail.
"""
