"""The page in a browser: it stays on disk, its charts zoom, a seed can be chosen, on a desk and on a phone."""

import contextlib
import shutil

import pytest
from playwright.sync_api import TimeoutError as NotInTimeError
from playwright.sync_api import expect

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; on Debian: apt-get install chromium"),
]

SCREENS = {
    "desk": {"viewport": {"width": 1280, "height": 900}},
    "dark desk": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
}


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # The sandbox cannot start in the containers of most CI services; the page is our own.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(params=SCREENS)
def page(request, browser, project_with_results):
    """The report, opened on each kind of screen; at the end it has made no request and told of no error."""
    context = browser.new_context(**SCREENS[request.param])
    opened = context.new_page()
    requests, complaints = [], []
    opened.on("request", lambda each: requests.append(each.url))
    opened.on("console", lambda each: complaints.append(each.text) if each.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    address = (project_with_results.folder / "results/report.html").as_uri()
    opened.goto(address)
    yield opened
    context.close()
    assert complaints == []
    assert [url for url in requests if url != address and not url.startswith(("data:", "blob:"))] == []


def drawn(page, selector):
    """Bring a chart into view and return its drawing once it is there."""
    chart = page.locator(selector)
    chart.scroll_into_view_if_needed()
    chart.and_(page.locator("[data-drawn]")).wait_for()
    return chart.locator(".drawing.js-plotly-plot")


def x_range(drawing):
    return drawing.evaluate("drawing => drawing.layout.xaxis.range")


def test_every_chart_is_drawn_when_it_comes_into_view(page):
    charts = page.locator("#figures .chart")
    assert charts.count() >= 4
    for number in range(charts.count()):
        drawing = drawn(page, f"#figures .chart >> nth={number}")
        assert drawing.evaluate("drawing => drawing.data.length") > 0


def test_a_chart_is_zoomed_and_shows_values(page):
    drawing = drawn(page, "#figures .chart >> nth=0")
    before = x_range(drawing)
    if page.viewport_size["width"] > 400:
        area = drawing.locator(".nsewdrag").first
        # Waits until nothing moves any more.
        area.hover()
        box = area.bounding_box()
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.3, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
        page.mouse.up()
    else:
        drawing.locator('[data-title="Zoom in"]').tap()
    page.wait_for_function(
        "([drawing, before]) => drawing.layout.xaxis.range[0] > before[0] && drawing.layout.xaxis.range[1] < before[1]",
        arg=[drawing.element_handle(), before],
    )
    if page.viewport_size["width"] > 400:
        shown = drawing.locator(".hoverlayer .hovertext").first
        for share in (0.5, 0.55) * 10:
            # A move may come while the chart is still drawn after the zoom, and is lost then.
            page.mouse.move(box["x"] + box["width"] * share, middle)
            with contextlib.suppress(NotInTimeError):
                shown.wait_for(timeout=3000)
                break
        else:
            pytest.fail("no value is shown")


def test_a_chosen_seed_comes_to_the_front(page):
    page.select_option("#experiment", "zenke2015_eq15")
    explorer = ".explorer[data-experiment=zenke2015_eq15]"
    drawing = drawn(page, f"{explorer} .panels .chart >> nth=0")
    standing = drawn(page, f"{explorer} .standing .chart")

    def shown(seed):
        for chart in (".panels .chart >> nth=0", ".standing .chart"):
            page.locator(f"{explorer} {chart}").and_(page.locator(f'[data-seed="{seed}"]')).wait_for()
        bold = drawing.evaluate("d => d.data.filter(trace => trace.opacity === 1).map(trace => trace.meta)")
        marked = standing.evaluate("d => Array.from(d.data[1].x)")
        numbers = page.locator(f"{explorer} td.value").all_text_contents()
        return bold, marked, numbers, page.locator("#seed-status").text_content()

    first = shown(1001)
    assert first[0] == [1001]
    page.select_option("#seed", "1003")
    second = shown(1003)
    assert second[0] == [1003]
    assert all(before != after for before, after in zip(first, second, strict=True))
    page.select_option("#seed", "1006")
    bold, _, numbers, status = shown(1006)
    assert bold == []
    assert len(numbers) > 20
    assert "Traces are kept of the seeds 1001, 1002, 1003, 1004, 1005" in status


def test_nothing_is_wider_than_the_screen(page):
    for section in ("verdicts", "figures", "robustness", "seeds", "replays", "beside", "origin"):
        page.locator(f"#{section}").scroll_into_view_if_needed()
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    for number in range(page.locator("#figures .chart").count()):
        drawn(page, f"#figures .chart >> nth={number}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_where_nothing_is_random_there_is_one_run_and_no_spread(page):
    page.select_option("#experiment", "beats")
    drawing = drawn(page, ".explorer[data-experiment=beats] .panels .chart >> nth=0")
    expect(page.locator("#seed-status")).to_have_text("Nothing here is random: one run is all there is.")
    assert page.locator(".explorer[data-experiment=beats] .standing").count() == 0
    assert drawing.evaluate("drawing => drawing.layout.xaxis.title.text") == "time at the start of each step (ms)"


def test_a_chosen_claim_is_shown_along_a_chosen_parameter(page):
    drawing = drawn(page, ".chart.along")
    claims = page.locator("#along-claim option").evaluate_all("options => options.map(option => option.value)")
    assert len(claims) == 2

    def shown():
        title = drawing.evaluate("d => [d.layout.xaxis.title.text, d.layout.yaxis.title.text]")
        marks = drawing.evaluate("d => d.data.flatMap(trace => Array.from(trace.x))")
        cells = page.locator("#along-values td:first-child").all_text_contents()
        return title, marks, cells, page.locator("#along-status").inner_text()

    page.get_by_label("Claim", exact=True).select_option(claims[0])
    page.get_by_label("Parameter", exact=True).select_option("tau_stdp_ms")
    page.wait_for_function("d => d.layout.xaxis.title.text === 'tau_stdp_ms'", arg=drawing.element_handle())
    first = shown()
    assert sorted(first[1]) == [float(cell) for cell in first[2]]
    assert len(first[1]) == 7
    assert "The estimate changes sides between" in first[3]
    assert "Sobol' index of first order" in first[3]
    page.select_option("#along-claim", claims[1])
    page.wait_for_function("([d, y]) => d.layout.yaxis.title.text !== y", arg=[drawing.element_handle(), first[0][1]])
    # The parameter stays.
    assert shown()[0][0] == "tau_stdp_ms"
    page.select_option("#along-parameter", "solver")
    page.wait_for_function("d => d.layout.xaxis.type === 'category'", arg=drawing.element_handle())
    sides = page.locator("#along-values td:last-child").all_text_contents()
    assert sides == ["holds", "does not hold, turned", "undefined"]
    assert sorted(shown()[1]) == ["euler", "exact"]


def test_claim_and_parameter_are_chosen_by_the_keyboard(page):
    page.locator("#along-claim").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "along-parameter"
    before = page.locator("#along-values").inner_text()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("before => document.getElementById('along-values').innerText !== before", arg=before)


def test_a_link_to_a_claim_opens_it(page):
    page.locator("#verdicts td.text a").first.click()
    expect(page.locator("details.claim[open]")).to_have_count(1)
    expect(page.locator("details.claim[open]")).to_be_in_viewport()


def test_a_line_of_the_source_leads_to_its_panel(page):
    link = page.locator(".source-plots a").nth(2)
    link.click()
    panel = page.locator("#panel-zenke2015-c")
    panel.locator(".chart[data-drawn]").wait_for()
    expect(panel).to_be_in_viewport()
    expect(panel).to_contain_text(link.inner_text().removeprefix("c "))


def test_axe_finds_no_serious_fault(page):
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    drawn(page, "#figures .chart >> nth=0")
    page.select_option("#experiment", "zenke2015")
    drawn(page, ".explorer[data-experiment=zenke2015] .standing .chart")
    drawn(page, ".chart.along")
    found = Axe().run(page).response["violations"]
    serious = [
        (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]
    assert serious == []
