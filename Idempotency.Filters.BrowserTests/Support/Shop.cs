using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using PaymentsApi.Payments;

namespace Idempotency.Filters.BrowserTests.Support;

/// <summary>A sample process and one visitor of it, for one test.</summary>
internal sealed class Shop : IAsyncDisposable
{
    /// <summary>Milliseconds: a busy machine is no defect.</summary>
    public const float Patience = 120_000;

    private readonly Sample _sample;
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<IRequest> _requests = [];
    private readonly ConcurrentQueue<string> _errors = [];

    private Shop(Sample sample, IBrowserContext context, IPage page)
    {
        _sample = sample;
        _context = context;
        Page = page;
        context.SetDefaultTimeout(Patience);
        context.Request += (_, request) => _requests.Enqueue(request);
        context.WebError += (_, error) => _errors.Enqueue(error.Error);
    }

    /// <summary>
    /// The address of any receipt. Check it with <c>ToHaveURLAsync</c>. <c>WaitForURLAsync</c> also waits for the page's load event, and
    /// misses it if it fired before.
    /// </summary>
    public static Regex Receipt { get; } = new("/receipt/[^/]+$");

    public IPage Page { get; }

    public IBrowserContext Context => _context;

    public IEnumerable<IRequest> Requests => _requests;

    public IEnumerable<IRequest> FormPosts => _requests.Where(request => request is { Method: "POST", ResourceType: "document" });

    /// <summary>Opens the checkout page.</summary>
    /// <param name="work">How long one payment takes; null = 300 ms.</param>
    /// <param name="width">The width of the window.</param>
    public static async Task<Shop> OpenAsync(TimeSpan? work = null, int width = 1100) =>
        await OpenAsync(await Sample.StartAsync(work ?? TimeSpan.FromMilliseconds(300)), width);

    /// <summary>Opens the checkout page of a sample, which is stopped with it.</summary>
    public static async Task<Shop> OpenAsync(Sample sample, int width = 1100)
    {
        try
        {
            var context = await BrowserSetUp.Browser.NewContextAsync(new()
            {
                BaseURL = sample.Address.ToString(),
                ViewportSize = new() { Width = width, Height = 800 },
                ColorScheme = ColorScheme.Light,
            });
            var shop = new Shop(sample, context, await context.NewPageAsync());
            await shop.Page.GotoAsync("/checkout");
            return shop;
        }
        catch
        {
            await sample.DisposeAsync();
            throw;
        }
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public Task<IReadOnlyList<Payment>> LedgerAsync() => _sample.LedgerAsync();

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        await _sample.DisposeAsync();
        Assert.That(_errors, Is.Empty, "the page's script failed");
        Assert.That(
            _requests.Select(request => new Uri(request.Url).Authority).Distinct(),
            Is.EqualTo(new[] { _sample.Address.Authority }),
            "the page calls other servers");
    }
}
