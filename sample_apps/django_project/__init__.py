"""A Django project with one application, a guest book: a model, a form with CSRF protection, sessions, static files.

    wsgiserve sample_apps.django_project.wsgi
    curl -i http://127.0.0.1:8000/

``manage.py`` is ``python -m sample_apps.django_project.manage``.
"""
