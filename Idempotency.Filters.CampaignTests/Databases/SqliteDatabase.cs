using Microsoft.Data.Sqlite;

namespace Idempotency.Filters.CampaignTests.Databases;

/// <summary>A file that all workers of one machine share.</summary>
internal sealed class SqliteDatabase : CampaignDatabase
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("campaign-sqlite-");

    public override string Connection => $"Data Source={Path.Combine(_folder.FullName, "shop.db")}";

    public static Task<CampaignDatabase> StartAsync() => Task.FromResult<CampaignDatabase>(new SqliteDatabase());

    public override async Task<IReadOnlyList<HistoryEvent>> EffectsAsync()
    {
        await using var connection = new SqliteConnection(Connection + ";Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = SelectEffects;
        return await ReadEffectsAsync(command);
    }

    public override ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return default;
    }
}
