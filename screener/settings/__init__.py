"""The data of config/ and the site's file: loaded and validated once.

Where to look for what a key of `screener.toml` is:

- its type, bounds and default: the dataclass of its section, each of them a field of `sections.Settings`; a
  section with many keys or checks has a module of its own (`alerts`, `console`, `encryption`, `freeswitch`,
  `proxy`; `flow`, `servers` for their checks; `core.flow`, `core.ladder` where the core takes the section itself);
- its words, Chinese and English: the comment behind it in `config/screener.toml`, which `screener init` writes;
- what is checked beyond its type, alone or beside other keys: `checks.cross_checks`, which nothing goes round;
- how it is read, its secrets out of files, and what a wrong one is told: `load`; in Chinese: `words/zh.toml`.

The data files that judge are no keys: `judgement`, `cards` and `recordings` read them.
"""
