using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using PaymentsApi.Payments;

namespace Idempotency.Filters.BrowserTests.Support;

/// <summary>Runs the sample as its users do: as a separate process, on a free loopback port.</summary>
internal sealed partial class Sample : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _client;

    private Sample(Process process, Uri address)
    {
        _process = process;
        Address = address;
        _client = new HttpClient { BaseAddress = address };
    }

    public Uri Address { get; }

    /// <param name="work">How long one payment takes.</param>
    /// <param name="arguments">Further arguments of its command line.</param>
    public static Task<Sample> StartAsync(TimeSpan work, params string[] arguments) =>
        StartAsync(["--work-ms", $"{work.TotalMilliseconds}", .. arguments]);

    /// <param name="arguments">The arguments of its command line, beside an address and an environment.</param>
    public static async Task<Sample> StartAsync(params string[] arguments)
    {
        string[] command =
        [
            Path.Combine(AppContext.BaseDirectory, "PaymentsApi.dll"),
            "--urls", "http://127.0.0.1:0",
            "--environment", "Production",
            .. arguments,
        ];
        var process = Process.Start(new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", command)
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            return new Sample(process, await ListeningAsync(process).WaitAsync(TimeSpan.FromMinutes(2)));
        }
        catch
        {
            await StopAsync(process);
            throw;
        }
    }

    public async Task<IReadOnlyList<Payment>> LedgerAsync() => (await _client.GetFromJsonAsync<List<Payment>>("/payments"))!;

    public async Task<HttpResponseMessage> PayAsync(string key, CreatePayment payment)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/payments") { Content = JsonContent.Create(payment) };
        request.Headers.Add("Idempotency-Key", key);
        return await _client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await StopAsync(_process);
    }

    // Reads all lines, not only up to this one: a full pipe would block the sample.
    private static Task<Uri> ListeningAsync(Process process)
    {
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, output) =>
        {
            if (output.Data is null)
                listening.TrySetException(new InvalidOperationException("The sample ended before it listened."));
            else if (Listening().Match(output.Data) is { Success: true } match)
                listening.TrySetResult(new Uri(match.Groups[1].Value));
        };
        process.BeginOutputReadLine();
        return listening.Task;
    }

    private static async Task StopAsync(Process process)
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    [GeneratedRegex(@"Now listening on: (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();
}
