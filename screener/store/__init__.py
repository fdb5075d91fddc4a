"""The call log: tables, migrations, and the one writer."""
