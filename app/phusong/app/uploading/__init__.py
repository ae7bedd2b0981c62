"""Files sent by the page: kept apart from the study, looked at by a process of their own, then imported."""
