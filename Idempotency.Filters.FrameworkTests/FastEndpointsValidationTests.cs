using System.Net.Http.Json;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>A validation that fails has run nothing, so the corrected request may use the key.</summary>
internal sealed class FastEndpointsValidationTests
{
    [Test]
    public async Task ValidationThatTheHandlerFailsLeavesTheKeyFree()
    {
        await using var app = await FastEndpointsTests.StartAsync();

        Assert.That(await app.AnswerAsync("/fast", "k", FastEndpointsTests.Pay(0)), Does.StartWith("400"));
        Assert.That(await app.AnswerAsync("/fast", "k", FastEndpointsTests.Pay(1)), Is.EqualTo("200 run 1"));
    }

    [Test]
    public async Task BodyThatCannotBeBoundLeavesTheKeyFree()
    {
        await using var app = await FastEndpointsTests.StartAsync();

        Assert.That(await app.AnswerAsync("/fast", "k", JsonContent.Create(new { amount = "much" })), Does.StartWith("400"));
        Assert.That(await app.AnswerAsync("/fast", "k", FastEndpointsTests.Pay(1)), Is.EqualTo("200 run 1"));
    }
}
