"""What knows a site's numbers, as its settings describe them."""

from typing import TYPE_CHECKING

from screener.settings.sections import Settings

if TYPE_CHECKING:
    from screener.numbers.identify import Lines


def lines_of(settings: Settings) -> "Lines":
    """The site's lines: its plan of numbers, and the operator's lists that it has imported.

    Raises:
        SettingsError: an imported list is wrong.
    """
    from screener.numbers.identify import load_lines  # its tables of places take longer to load than most answers

    return load_lines(settings.line_files, *settings.site.numbering)
