using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Idempotency.Filters.FrameworkTests;

/// <summary>
/// OpenAPI documents that a build writes, by the program that Microsoft.Extensions.ApiDescription.Server runs then. It starts the
/// application, where there is neither Redis nor a database.
/// </summary>
internal sealed class DocumentTests
{
    [TestCase("redis", "127.0.0.1:{0}")]
    [TestCase("postgres", "Host=127.0.0.1;Port={0};Database=shop;Username=shop;Password=shop")]
    public async Task BuildWritesTheDocumentAndConnectsToNoStore(string store, string place)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var folder = Directory.CreateTempSubdirectory("documents-");
        try
        {
            var output = await WriteAsync(folder.FullName, new()
            {
                ["STORE"] = store,
                ["PLACE"] = string.Format(null, place, ((IPEndPoint)server.LocalEndpoint).Port),
            });

            var document = JsonDocument.Parse(File.ReadAllText(Directory.GetFiles(folder.FullName, "*.json").Single()));
            Assert.That(document.RootElement.GetProperty("paths").TryGetProperty("/payments", out _), Is.True, output);
            Assert.That(server.Pending(), Is.False, "the application connected");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> WriteAsync(string folder, Dictionary<string, string> environment)
    {
        string[] command =
        [
            Sources.Metadata("GetDocument"),
            "--assembly", typeof(DocumentTests).Assembly.Location,
            "--framework", ".NETCoreApp,Version=v10.0",
            "--project", "Documented",
            "--assets-file", Sources.Metadata("Assets"),
            "--output", folder,
            "--file-list", Path.Combine(folder, "files.cache"),
        ];
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", command)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().Soon();
        var text = await output + await errors;
        Assert.That(process.ExitCode, Is.Zero, text);
        return text;
    }
}
