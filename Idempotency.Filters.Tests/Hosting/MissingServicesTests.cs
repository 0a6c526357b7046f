using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Idempotency.Filters.Tests.Hosting;

/// <summary>An application that forgot <c>AddIdempotency()</c>. It never runs an action that was meant to be covered.</summary>
internal sealed class MissingServicesTests
{
    [Test]
    public void CallOnAGroupSaysSoAtOnce() => Assert.That(
        () => TestApp.StartAsync([], _ => { }, app => app.MapGroup("/tips").RequireIdempotency()),
        Throws.InvalidOperationException.With.Message.Contains("AddIdempotency()"));

    [Test]
    public void CallOnAnEndpointFailsTheStartWhereSomethingReadsTheEndpointsThen() => Assert.That(
        () => TestApp.StartAsync([], _ => { }, app => app.MapPost("/tips", () => 1).RequireIdempotency()),
        Throws.InvalidOperationException.With.Message.Contains("/tips").And.Message.Contains("AddIdempotency()"));

    [Test]
    public async Task CallOnAnEndpointAloneFailsEachRequest()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        Answers.ShowErrors(app);
        var runs = 0;
        app.MapPost("/tips", () => $"{++runs}").RequireIdempotency();
        await app.StartAsync();

        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        for (var i = 0; i < 2; i++)
        {
            using var response = await client.PostAsync("/tips", null);
            Assert.That((int)response.StatusCode, Is.EqualTo(StatusCodes.Status500InternalServerError));
        }

        Assert.That(runs, Is.Zero);
    }

    [Test]
    public async Task AttributeOnAnActionFailsEachRequest()
    {
        await using var app = await TestApp.StartAsync(
            [typeof(PlainStartController)], services => services.AddSingleton<Runs>(), Answers.ShowErrors);

        Assert.That(await app.AnswerAsync("/plain-start", "k"), Does.StartWith("500 ").And.Contains("AddIdempotency()"));
        Assert.That(app.Runs(), Is.Zero);
    }
}
