"""What is wrong in a person's settings is said when the app opens."""

from pathlib import Path

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.config import load_settings
from tests.tui.conftest import make_app, ready, until


async def test_wrong_settings_are_said_in_words(study: StudyFolder, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('theme = "nope"\nmouse = "yes"\nloud = 1\n', "utf-8")
    app = make_app(study, settings=load_settings(tmp_path))
    async with app.run_test(notifications=True) as pilot:
        await ready(pilot)
        await until(pilot, lambda: len(app._notifications) > 2)
        said = "\n".join(n.message for n in app._notifications)
    assert "there is no theme 'nope'; choose one of " in said
    assert 'mouse must be true or false, found "yes"' in said
    assert "there is no setting 'loud' (theme, dark, mouse, bell)" in said
