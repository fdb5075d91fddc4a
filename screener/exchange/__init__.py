"""Files of other systems, in and out: Asterisk's queue_log and CDR, number lists."""
