namespace Idempotency.Filters.BrowserTests.Support;

/// <summary>Takes the pictures of the documentation, but only with <c>UPDATE_PICTURES=1</c>: a test run changes no file.</summary>
internal static class Pictures
{
    public static async Task TakeAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("UPDATE_PICTURES") is not "1")
            return;

        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Idempotency.Filters.slnx")))
            root = root.Parent ?? throw new InvalidOperationException("The tests do not run inside of the repository.");
        await page.Mouse.MoveAsync(0, 0);
        await page.ScreenshotAsync(new() { Path = Path.Combine(root.FullName, "docs", "images", name), FullPage = true });
    }
}
