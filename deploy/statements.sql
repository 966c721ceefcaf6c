-- Run once, when the database is made: the machine room shows the statements that take it most time.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
