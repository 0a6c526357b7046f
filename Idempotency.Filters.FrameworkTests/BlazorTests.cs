using System.Text.RegularExpressions;
using Idempotency.Filters.FrameworkTests.Blazor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>Forms of Blazor pages that the server renders.</summary>
internal sealed partial class BlazorTests
{
    [Test]
    public async Task FormIsHandledOnceAndItsPageReplayed([Values] bool interactive)
    {
        await using var app = await StartAsync(interactive);
        var form = await OpenAsync(app, "/till");

        var first = await SendAsync(app, "/till", form);
        var retry = await SendAsync(app, "/till", form);

        Assert.That(first, Does.StartWith("200 ").And.Contains("run 1"));
        Assert.That(retry, Is.EqualTo(first + " replayed"));
        Assert.That(await SendAsync(app, "/till", form with { Key = "other" }), Does.Contain("run 2"));
        Assert.That(await SendAsync(app, "/till", form with { Key = null }), Does.StartWith("400 ").And.Contains("key-missing"));
        Assert.That(app.Runs(), Is.EqualTo(2));
    }

    [Test]
    public async Task PageThatIsExemptIsHandledEachTime()
    {
        await using var app = await StartAsync(interactive: false);
        var form = await OpenAsync(app, "/exempt-till");

        Assert.That(await SendAsync(app, "/exempt-till", form), Does.Contain("run 1"));
        Assert.That(await SendAsync(app, "/exempt-till", form with { Key = null }), Does.Contain("run 2"));
    }

    [Test]
    public async Task PageThatIsStreamedIsNeverHandledTwice()
    {
        await using var app = await StartAsync(interactive: false);
        var form = await OpenAsync(app, "/streaming-till");

        Assert.That(await SendAsync(app, "/streaming-till", form), Does.StartWith("200 ").And.Contains("run 1"));
        Assert.That(await SendAsync(app, "/streaming-till", form), Does.StartWith("409 ").And.Contains("not-replayable"));
        Assert.That(app.Runs(), Is.EqualTo(1));
    }

    [TestCase("/_blazor/negotiate?negotiateVersion=1", 200)]
    [TestCase("/_blazor/disconnect/", 400, Description = "Its own answer to a circuit that it does not know.")]
    public async Task TransportOfInteractivePagesNeedsNoKey(string path, int status)
    {
        await using var app = await StartAsync(interactive: true);

        var answer = await app.AnswerAsync(path, null);

        Assert.That(answer, Does.StartWith($"{status}").And.Not.Contains("key-missing"));
    }

    [Test]
    public async Task PageIsReadWithoutAKey()
    {
        await using var app = await StartAsync(interactive: false);

        Assert.That(await app.AnswerAsync(HttpMethod.Get, "/till", null), Does.StartWith("200 ").And.Contains("not paid"));
    }

    private static Task<TestApp> StartAsync(bool interactive) => Answers.StartAsync(
        app =>
        {
            app.UseAntiforgery();
            var pages = app.MapRazorComponents<TillApp>();
            if (interactive)
                pages.AddInteractiveServerRenderMode();
            pages.RequireIdempotency();
        },
        services =>
        {
            services.AddDataProtection().UseEphemeralDataProtectionProvider();
            var components = services.AddRazorComponents();
            if (interactive)
                components.AddInteractiveServerComponents();
            services.AddIdempotency(options => options.KeySources = [KeySource.FormField()]);
        });

    private static async Task<Form> OpenAsync(TestApp app, string path)
    {
        using var response = await app.Client.GetAsync(path).Soon();
        var page = await response.Content.ReadAsStringAsync();
        var cookie = response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        return new Form(Token().Match(page).Groups[1].Value, cookie, "k");
    }

    private static async Task<string> SendAsync(TestApp app, string path, Form form)
    {
        var fields = new Dictionary<string, string>
        {
            ["__RequestVerificationToken"] = form.Token,
            ["_handler"] = "pay",
        };
        if (form.Key is not null)
            fields["Idempotency-Key"] = form.Key;
        return await app.AnswerAsync(path, null, new FormUrlEncodedContent(fields), $"Cookie: {form.Cookie}");
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();

    private sealed record Form(string Token, string Cookie, string? Key);
}
