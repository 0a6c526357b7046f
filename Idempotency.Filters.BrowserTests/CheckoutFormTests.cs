using System.Text.RegularExpressions;
using Idempotency.Filters.BrowserTests.Support;

namespace Idempotency.Filters.BrowserTests;

/// <summary>The checkout form, used by a visitor.</summary>
internal sealed class CheckoutFormTests
{
    [Test]
    public async Task RootLeadsToTheCheckout()
    {
        await using var shop = await Shop.OpenAsync();

        await shop.Page.GotoAsync("/");

        await Expect(shop.Page).ToHaveURLAsync(new Regex("/checkout$"));
        await Expect(shop.Page).ToHaveTitleAsync("Checkout");
    }

    [Test]
    public async Task DoubleClickMakesOnePaymentAndEndsAtItsReceipt()
    {
        // The second press comes while the first payment is running: a browser may merge faster presses into one request.
        await using var shop = await Shop.OpenAsync(TimeSpan.FromSeconds(2));
        var button = (await shop.Button("Pay now").BoundingBoxAsync())!;
        var (x, y) = (button.X + (button.Width / 2), button.Y + (button.Height / 2));

        await shop.Page.RunAndWaitForRequestAsync(() => shop.Page.Mouse.ClickAsync(x, y), request => request.Method == "POST");
        await shop.Page.Mouse.ClickAsync(x, y, new() { ClickCount = 2 });

        await Expect(shop.Page.GetByRole(AriaRole.Heading, new() { Name = "Thank you, it is paid" })).ToBeVisibleAsync();
        var ledger = await shop.LedgerAsync();
        Assert.That(shop.FormPosts.Count(), Is.GreaterThan(1), "the browser sent the form once: nothing was tested");
        Assert.That(ledger, Has.Count.EqualTo(1));
        await Expect(shop.Page.Locator("#payment")).ToHaveTextAsync($"{ledger[0].Id}");
        await Expect(shop.Page.Locator("#ledger")).ToHaveTextAsync("1 payment");
    }

    [Test]
    public async Task BothNavigationsOfADoubleClickShowTheSameReceipt()
    {
        await using var shop = await Shop.OpenAsync();
        // Two tabs, because in one tab the second navigation would replace the first.
        await shop.Page.Locator("#checkout").EvaluateAsync("form => form.target = '_blank'");

        var tabs = 0;
        await shop.Context.RunAndWaitForPageAsync(() => shop.Button("Pay now").DblClickAsync(), new() { Predicate = _ => ++tabs == 2 });

        foreach (var tab in shop.Context.Pages.Skip(1))
            await Expect(tab).ToHaveURLAsync(Shop.Receipt);
        var ledger = await shop.LedgerAsync();
        Assert.That(ledger, Has.Count.EqualTo(1));
        foreach (var tab in shop.Context.Pages.Skip(1))
            await Expect(tab.Locator("#payment")).ToHaveTextAsync($"{ledger[0].Id}");
    }

    [Test]
    public async Task PressingAgainAfterTheReceiptWasSeenLeadsToItAgain()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.Page.Locator("#checkout").EvaluateAsync("form => form.target = '_blank'");

        var first = await shop.Context.RunAndWaitForPageAsync(() => shop.Button("Pay now").ClickAsync());
        await Expect(first).ToHaveURLAsync(Shop.Receipt);
        var second = await shop.Context.RunAndWaitForPageAsync(() => shop.Button("Pay now").ClickAsync());
        await Expect(second).ToHaveURLAsync(Shop.Receipt);

        Assert.That(second.Url, Is.EqualTo(first.Url));
        Assert.That(await shop.LedgerAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task AFreshFormMakesAnotherPayment()
    {
        await using var shop = await Shop.OpenAsync();

        await shop.Button("Pay now").ClickAsync();
        await shop.Page.GetByRole(AriaRole.Link, new() { Name = "Back to the checkout" }).ClickAsync();
        await shop.Page.GetByLabel("Amount").FillAsync("7.25");
        await shop.Page.GetByLabel("Currency").SelectOptionAsync("GBP");
        await shop.Page.GetByLabel("What for").FillAsync("<b>cups</b>");
        await shop.Button("Pay now").ClickAsync();

        await Expect(shop.Page.GetByText("7.25 GBP")).ToBeVisibleAsync();
        await Expect(shop.Page.GetByText("<b>cups</b>")).ToBeVisibleAsync();
        Assert.That((await shop.LedgerAsync()).Select(payment => payment.Amount), Is.EqualTo(new[] { 18.50m, 7.25m }));
    }

    [Test]
    public async Task FormThatWasChangedAfterItWasPaidIsRefusedByAPage()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.Page.Locator("#checkout").EvaluateAsync("form => form.target = '_blank'");
        var paid = await shop.Context.RunAndWaitForPageAsync(() => shop.Button("Pay now").ClickAsync());
        await Expect(paid).ToHaveURLAsync(Shop.Receipt);

        await shop.Page.GetByLabel("Amount").FillAsync("99");
        var refused = await shop.Context.RunAndWaitForPageAsync(() => shop.Button("Pay now").ClickAsync());

        await Expect(refused.GetByRole(AriaRole.Heading, new() { Name = "This order is paid already" })).ToBeVisibleAsync();
        await Expect(refused).ToHaveTitleAsync("This order is paid already");
        await Expect(refused.GetByText("422 key-reused")).ToBeVisibleAsync();
        Assert.That(await shop.LedgerAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task RefusedFormSaysWhyAndTheCorrectedOneIsPaid()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.Page.Locator("#checkout").EvaluateAsync("form => form.noValidate = true");
        await shop.Page.GetByLabel("Amount").FillAsync("0");

        await shop.Button("Pay now").ClickAsync();

        await Expect(shop.Page.GetByLabel("Amount")).ToHaveAccessibleDescriptionAsync(new Regex("must be more than 0"));
        Assert.That(await shop.LedgerAsync(), Is.Empty);

        await shop.Page.GetByLabel("Amount").FillAsync("1");
        await shop.Button("Pay now").ClickAsync();
        await Expect(shop.Page.GetByText("1.00 EUR")).ToBeVisibleAsync();
        Assert.That(await shop.LedgerAsync(), Has.Count.EqualTo(1));
    }
}
