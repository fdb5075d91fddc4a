"""How good the judgement is: labelled calls, judged by the live session and counted."""
