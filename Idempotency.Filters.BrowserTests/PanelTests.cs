using System.Text.RegularExpressions;
using Idempotency.Filters.BrowserTests.Support;

namespace Idempotency.Filters.BrowserTests;

/// <summary>The panel that shows what happens on the wire.</summary>
internal sealed class PanelTests
{
    [Test]
    public async Task PayMakesAPaymentEachTime()
    {
        await using var shop = await Shop.OpenAsync();

        await shop.Button("Pay").ClickAsync();
        await ShowsAsync(shop, "201: first run, the payment was made. Ledger: 1 payment.", 1);
        await shop.Button("Pay").ClickAsync();
        await ShowsAsync(shop, "201: first run, the payment was made. Ledger: 2 payments.", 2);

        Assert.That(await shop.LedgerAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task RetryGetsTheLostAnswer()
    {
        await using var shop = await Shop.OpenAsync();

        await shop.Button("Pay").ClickAsync();
        await ShowsAsync(shop, "201: first run, the payment was made. Ledger: 1 payment.", 1);
        await shop.Button("Retry the lost answer").ClickAsync();
        await ShowsAsync(shop, "201: replayed, nothing was paid again. Ledger: 1 payment.", 2);

        Assert.That(await shop.LedgerAsync(), Has.Count.EqualTo(1));
        Assert.That(await KeysAsync(shop), Has.Count.EqualTo(2).And.All.EqualTo((await KeysAsync(shop))[0]));
    }

    [Test]
    public async Task OtherAmountUnderTheSameKeyIsRefused()
    {
        await using var shop = await Shop.OpenAsync();

        await shop.Button("Pay").ClickAsync();
        await ShowsAsync(shop, "201: first run, the payment was made. Ledger: 1 payment.", 1);
        await shop.Button("Same key, other amount").ClickAsync();
        await ShowsAsync(shop, "422: refused, the key belongs to another payment. Ledger: 1 payment.", 2);

        Assert.That(await shop.LedgerAsync(), Has.Count.EqualTo(1));
        await Expect(shop.Page.GetByRole(AriaRole.Listitem).First).ToContainTextAsync("19.50 EUR");
    }

    [Test]
    public async Task OfTwoAtOnceOneRuns()
    {
        // Long enough for the second request to arrive while the first one runs.
        await using var shop = await Shop.OpenAsync(TimeSpan.FromSeconds(3));

        await shop.Button("Two at once").ClickAsync();

        await Expect(Result(shop)).ToContainTextAsync("201: first run, the payment was made.");
        await Expect(Result(shop)).ToContainTextAsync("409: refused, the first request is still running.");
        await Expect(Result(shop)).ToContainTextAsync("Ledger: 1 payment.");
        Assert.That(await shop.LedgerAsync(), Has.Count.EqualTo(1));
    }

    /// <summary>A busy machine may send the second request late; then another try shows it.</summary>
    [Test]
    public async Task TwoAtOnceMeetWithoutAnyArgument()
    {
        await using var shop = await Shop.OpenAsync(await Sample.StartAsync());

        var text = "";
        for (var tries = 1; tries <= 20 && !text.Contains("409", StringComparison.Ordinal); tries++)
        {
            await shop.Button("Two at once").ClickAsync();
            await Expect(Result(shop)).ToContainTextAsync($"Ledger: {tries} payment");
            text = await Result(shop).InnerTextAsync();
        }

        Assert.That(text, Does.Contain("409: refused, the first request is still running."));
    }

    [Test]
    public async Task PanelShowsTheHeadersThatMatter()
    {
        await using var shop = await Shop.OpenAsync(TimeSpan.FromSeconds(3));

        await shop.Button("Pay").ClickAsync();
        await ShowsAsync(shop, "201: first run, the payment was made. Ledger: 1 payment.", 1);
        await shop.Button("Retry the lost answer").ClickAsync();
        await ShowsAsync(shop, "201: replayed, nothing was paid again. Ledger: 1 payment.", 2);

        var sent = shop.Page.GetByLabel("Sent headers");
        var got = shop.Page.GetByLabel("Got headers");
        await Expect(sent.First).ToHaveTextAsync(new Regex("^Idempotency-Key[0-9a-f-]{36}$"));
        Assert.That(await sent.First.InnerTextAsync(), Is.EqualTo(await sent.Last.InnerTextAsync()));
        await Expect(got.First).ToContainTextAsync("Idempotent-Replayedtrue");
        await Expect(got.Last).Not.ToContainTextAsync("Idempotent-Replayed");
        await Expect(got.Last).ToContainTextAsync("Location/payments/");

        await shop.Button("Two at once").ClickAsync();
        await Expect(got.Filter(new() { HasText = "Retry-After1" })).ToHaveCountAsync(1);
    }

    [TestCase("Retry the lost answer", "201: replayed, nothing was paid again.")]
    [TestCase("Same key, other amount", "422: refused, the key belongs to another payment.")]
    public async Task RepeatBeforeAnyPaymentPaysFirst(string button, string shown)
    {
        await using var shop = await Shop.OpenAsync();

        await shop.Button(button).ClickAsync();

        await ShowsAsync(shop, $"201: first run, the payment was made. {shown} Ledger: 1 payment.", 2);
    }

    [Test]
    public async Task ShopThatIsAwayIsSaidSo()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.Context.SetOfflineAsync(true);

        await shop.Button("Pay").ClickAsync();

        await Expect(Result(shop)).ToHaveTextAsync("The shop did not answer. Is it still running?");
        await shop.Context.SetOfflineAsync(false);
        await shop.Button("Retry the lost answer").ClickAsync();
        await Expect(Result(shop)).ToHaveTextAsync("201: first run, the payment was made. Ledger: 1 payment.");
    }

    private static ILocator Result(Shop shop) => shop.Page.GetByRole(AriaRole.Status);

    private static async Task ShowsAsync(Shop shop, string text, int requests)
    {
        await Expect(Result(shop)).ToHaveTextAsync(text);
        await Expect(shop.Page.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(requests);
    }

    private static async Task<List<string>> KeysAsync(Shop shop) =>
        [.. (await shop.Page.GetByRole(AriaRole.Listitem).AllInnerTextsAsync())
            .Select(text => Regex.Match(text, "key ([0-9a-f]{8})").Groups[1].Value)];
}
