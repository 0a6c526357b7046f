namespace Idempotency.Filters.FrameworkTests;

internal static class Refusals
{
    /// <returns>Why the application does not start.</returns>
    public static async Task<string> OfAsync(Func<Task<TestApp>> start)
    {
        try
        {
            await using var app = await start();
        }
        catch (InvalidOperationException exception)
        {
            return exception.Message;
        }

        Assert.Fail("The application started.");
        return "";
    }
}
