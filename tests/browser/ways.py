"""Ways a person works a page: with a mouse, with a finger, or by keyboard alone. The verbs are the same for all.

By keyboard nothing is focused but by Tab and the arrow keys, and nothing is typed but key by key.
"""

from datetime import date

from playwright.sync_api import Locator

# Stops of the Tab key on the longest page, taken twice: more means that the way there is barred.
MOST_TABS = 250
# The parts of a date field stand in the order of the browser's own language, whatever the page's.
DATE_KEYS = {"year": "%Y", "month": "%m", "day": "%d"}
DATE_ORDER = "new Intl.DateTimeFormat().formatToParts().map((part) => part.type)"


class Mouse:
    """Clicks and types."""

    name = "mouse"
    has_touch = False

    def press(self, target: Locator) -> None:
        """A link, a button, a summary."""
        target.click()

    def write(self, field: Locator, text: str) -> None:
        """Type a text in place of what stands in a field, and leave it."""
        self.press(field)
        field.press("ControlOrMeta+a")
        field.press_sequentially(text)
        field.press("Tab")

    def pick(self, field: Locator, value: str) -> None:
        """Choose from a list."""
        field.select_option(value)

    def pick_day(self, field: Locator, day: date) -> None:
        """Enter a calendar day."""
        field.fill(day.isoformat())

    def tick(self, radio: Locator) -> None:
        """Choose one of several."""
        self.press(radio.page.locator(f'label[for="{radio.get_attribute("id")}"]'))


class Finger(Mouse):
    """Taps and types."""

    name = "finger"
    has_touch = True

    def press(self, target: Locator) -> None:
        target.tap()


class Keyboard:
    """Tab, arrows, Enter, Space and letters."""

    name = "keyboard"
    has_touch = False

    def tab_to(self, target: Locator) -> None:
        """Press Tab until the target has the focus."""
        keys, element = target.page.keyboard, target.element_handle()
        for _ in range(MOST_TABS):
            if element.evaluate("element => element === document.activeElement"):
                return
            keys.press("Tab")
        raise AssertionError(f"{MOST_TABS} times Tab do not lead to {target}")

    def press(self, target: Locator) -> None:
        self.tab_to(target)
        target.page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        self.tab_to(field)
        field.page.keyboard.press("ControlOrMeta+a")
        field.page.keyboard.type(text)
        field.page.keyboard.press("Tab")

    def pick(self, field: Locator, value: str) -> None:
        self.tab_to(field)
        field.page.keyboard.press("Home")
        for _ in range(field.locator("option").count()):
            if field.input_value() == value:
                return
            field.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows do not lead to {value}")

    def pick_day(self, field: Locator, day: date) -> None:
        self.tab_to(field)
        for part in field.page.evaluate(DATE_ORDER):
            if part in DATE_KEYS:
                field.page.keyboard.type(day.strftime(DATE_KEYS[part]))
        assert field.input_value() == day.isoformat(), field.input_value()

    def tick(self, radio: Locator) -> None:
        """Tab leads into a group of radio buttons at its first; from there the arrows choose."""
        group = radio.page.locator(f'input[type="radio"][name="{radio.get_attribute("name")}"]')
        self.tab_to(group.first)
        radio.page.keyboard.press("Space")
        for _ in range(group.count()):
            if radio.is_checked():
                return
            radio.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows do not lead to {radio}")


Way = Mouse | Finger | Keyboard
