"""Course work: exercises that are checked the same way on a page, in Colab and in grading.

Students use one name::

    from passk_lib.course import check
    check("estimators-1", pass_at_k)

The rest serves those who write assignments (``questions``, ``compare``, ``formulas``; the public
checks stand in ``public/``) and those who grade (``assemble``, ``grading``). No torch anywhere.
"""

from passk_lib.course.questions import check

__all__ = ["check"]
