namespace Idempotency.Filters.TestSupport;

/// <summary>The data of a new server, which is made once and then copied. It is removed when this program ends.</summary>
/// <param name="account">Who owns it.</param>
/// <param name="name">What its directory is called.</param>
/// <param name="make">The command that makes the data in a directory.</param>
internal sealed class DataTemplate(ServerAccount account, string name, Func<string, string[]> make)
{
    private readonly Lazy<Task<Made>> _made = new(async () =>
    {
        var directory = Directory.CreateTempSubdirectory(name + "-template-");
        var made = new Made(Path.Combine(directory.FullName, "data"), new(directory));
        await account.OwnAsync(directory);
        await account.RunAsync(make(made.Data));
        return made;
    });

    public async Task CopyToAsync(string data) => await account.RunAsync("cp", "-a", (await _made.Value).Data, data);

    /// <param name="Data">The directory to copy.</param>
    /// <param name="Guard">Never disposed. While it is held, its input stays open, and so the directory stays.</param>
    private sealed record Made(string Data, ServerGuard Guard);
}
