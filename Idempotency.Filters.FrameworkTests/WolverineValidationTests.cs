namespace Idempotency.Filters.FrameworkTests;

/// <summary>A validation that fails has run nothing, so the corrected request may use the key.</summary>
internal sealed class WolverineValidationTests
{
    [Test]
    public async Task ValidationThatFailsLeavesTheKeyFree()
    {
        await using var app = await WolverineTests.StartAsync();

        Assert.That(await app.AnswerAsync("/wolverine", "k", WolverineTests.Pay(0)), Does.StartWith("400"));
        Assert.That(await app.AnswerAsync("/wolverine", "k", WolverineTests.Pay(1)), Is.EqualTo("200 run 1"));
    }
}
