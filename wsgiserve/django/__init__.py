"""A Django app whose ``runserver`` is wsgiserve's: put it before ``django.contrib.staticfiles`` in INSTALLED_APPS."""
