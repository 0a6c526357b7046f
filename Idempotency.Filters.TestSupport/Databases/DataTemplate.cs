namespace Idempotency.Filters.TestSupport;

/// <summary>The data of a new server, which is made once and then copied. It is removed when this program ends.</summary>
/// <param name="account">Who owns it.</param>
/// <param name="name">What its directory is called.</param>
/// <param name="make">The command that makes the data in a directory.</param>
internal sealed class DataTemplate(ServerAccount account, string name, Func<string, string[]> make)
{
    private readonly Lazy<Task<string>> _data = new(async () =>
    {
        var directory = Directory.CreateTempSubdirectory(name + "-template-");
        // Never disposed: it removes the directory when the program ends, whichever way.
        _ = new ServerGuard(directory);
        await account.OwnAsync(directory);
        var data = Path.Combine(directory.FullName, "data");
        await account.RunAsync(make(data));
        return data;
    });

    public async Task CopyToAsync(string data) => await account.RunAsync("cp", "-a", await _data.Value, data);
}
