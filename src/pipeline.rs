//! The program as one readable function: load, relate, evaluate, find, recommend, report.
