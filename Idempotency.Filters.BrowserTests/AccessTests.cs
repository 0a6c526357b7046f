using Idempotency.Filters.BrowserTests.Support;

namespace Idempotency.Filters.BrowserTests;

/// <summary>The page with only a keyboard, on a phone, and as a picture.</summary>
internal sealed class AccessTests
{
    private const string Focused =
        "document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent.trim()";

    private static readonly string[] FocusOrder =
        ["What for", "Amount", "Currency", "Pay now", "Pay", "Retry the lost answer", "Same key, other amount", "Two at once"];

    private static readonly string[] Buttons = ["Pay", "Retry the lost answer", "Same key, other amount", "Two at once"];

    [Test]
    public async Task TabGoesThroughThePageInReadingOrder()
    {
        await using var shop = await Shop.OpenAsync();

        var order = new List<string>();
        foreach (var _ in FocusOrder)
        {
            await shop.Page.Keyboard.PressAsync("Tab");
            order.Add(await shop.Page.EvaluateAsync<string>(Focused));
        }

        Assert.That(order, Is.EqualTo(FocusOrder));
    }

    [Test]
    public async Task KeyboardAlonePays()
    {
        await using var shop = await Shop.OpenAsync();
        var keyboard = shop.Page.Keyboard;

        await keyboard.PressAsync("Tab");
        await keyboard.TypeAsync("Beans");
        await keyboard.PressAsync("Tab");
        await keyboard.TypeAsync("3.75");
        await keyboard.PressAsync("Tab");
        await keyboard.PressAsync("u");
        await keyboard.PressAsync("Tab");
        await keyboard.PressAsync("Enter");

        await Expect(shop.Page.GetByText("3.75 USD")).ToBeVisibleAsync();
        await keyboard.PressAsync("Tab");
        await keyboard.PressAsync("Enter");
        await Expect(shop.Page).ToHaveTitleAsync("Checkout");
        Assert.That((await shop.LedgerAsync()).Select(payment => payment.Reference), Is.EqualTo(new[] { "Beans" }));
    }

    [Test]
    public async Task KeyboardAloneWorksThePanelAndKeepsItsPlace()
    {
        await using var shop = await Shop.OpenAsync();

        for (var i = 0; i <= Array.IndexOf(FocusOrder, "Retry the lost answer"); i++)
            await shop.Page.Keyboard.PressAsync("Tab");
        await shop.Page.Keyboard.PressAsync("Space");

        await Expect(shop.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("Ledger: 1 payment.");
        await Expect(shop.Button("Retry the lost answer")).ToBeFocusedAsync();
    }

    [TestCase(320)]
    [TestCase(390)]
    [TestCase(768)]
    public async Task NothingIsWiderThanTheWindow(int width)
    {
        await using var shop = await Shop.OpenAsync(TimeSpan.Zero, width);

        await UseThePanelAsync(shop);
        await FitsAsync();

        await shop.Page.GetByLabel("What for").FillAsync(new string('W', 140));
        await shop.Button("Pay now").ClickAsync();
        await Expect(shop.Page).ToHaveURLAsync(Shop.Receipt);
        await FitsAsync();

        async Task FitsAsync()
        {
            await shop.Page.WaitForFunctionAsync("document.readyState === 'complete'");
            Assert.That(
                await shop.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), Is.LessThanOrEqualTo(width), shop.Page.Url);
        }
    }

    [Test]
    public async Task PageTellsTheWholeStory()
    {
        await using var shop = await Shop.OpenAsync();

        await UseThePanelAsync(shop);

        await Expect(shop.Page.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(5);
        Assert.That(await shop.LedgerAsync(), Has.Count.EqualTo(2));
        await Pictures.TakeAsync(shop.Page, "checkout.png");
    }

    private static async Task UseThePanelAsync(Shop shop)
    {
        var requests = 0;
        foreach (var name in Buttons)
        {
            await shop.Button(name).ClickAsync();
            await Expect(shop.Page.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(requests += name == "Two at once" ? 2 : 1);
            await Expect(shop.Page.Locator("#panel[aria-busy=true]")).ToHaveCountAsync(0);
        }
    }
}
