using System.Text.RegularExpressions;

namespace Idempotency.Filters.Tests.Forms;

/// <summary>PARITY row 25: a hidden field with a fresh key, from the tag helper and from the HTML helper.</summary>
internal sealed class KeyFieldTests
{
    private const string UuidV4 = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";

    [TestCase("/KeyForm", TestName = "Tag helper in a Razor Page")]
    [TestCase("/view/KeyForm", TestName = "HTML helper in an MVC view")]
    [TestCase("/view/KeyTag", TestName = "Tag helper in an MVC view")]
    public async Task KeyIsAHiddenFieldWithAUuidV4(string path)
    {
        await using var app = await FormsApp.StartAsync();

        var field = Html.Inputs(await app.Client.GetStringAsync(path))[0];

        Assert.Multiple(() =>
        {
            Assert.That(field["type"], Is.EqualTo("hidden"));
            Assert.That(field["name"], Is.EqualTo(KeySource.DefaultFormField));
            Assert.That(field["value"], Does.Match(UuidV4));
            Assert.That(field["autocomplete"], Is.EqualTo("off"), "a browser would put an old key into a new form");
        });
    }

    [Test]
    public async Task OtherAttributesArePassedOn()
    {
        await using var app = await FormsApp.StartAsync();

        Assert.That(Html.Inputs(await app.Client.GetStringAsync("/KeyForm"))[0]["id"], Is.EqualTo("key"));
    }

    [TestCase("order_key")]
    [TestCase("a[0].b")]
    [TestCase("\"><script>alert(1)</script>")]
    [TestCase("' onfocus='alert(1)")]
    [TestCase("&quot;&amp;")]
    [TestCase("Schlüssel \u2028 鍵")]
    public async Task NamesAreEncoded(string name)
    {
        await using var app = await FormsApp.StartAsync();

        var html = await app.Client.GetStringAsync($"/KeyNames?name={Uri.EscapeDataString(name)}");

        Assert.That(Html.Inputs(html).Select(input => input["name"]), Is.EqualTo(new[] { name, name }));
        Assert.That(Regex.Replace(html, "<input [^<>]*/>", "").Trim(), Is.Empty, "nothing may stand outside of the two fields");
    }

    [Test]
    public async Task EveryRenderingHasItsOwnKey()
    {
        await using var app = await FormsApp.StartAsync();

        var keys = new[] { await KeysAsync(), await KeysAsync() }.SelectMany(keys => keys).ToList();

        Assert.That(keys, Has.Count.EqualTo(4).And.Unique);

        async Task<IEnumerable<string>> KeysAsync() =>
            Html.Inputs(await app.Client.GetStringAsync("/KeyNames?name=k")).Select(input => input["value"]);
    }

    [TestCase("")]
    [TestCase("%20")]
    public async Task FieldWithoutANameIsAnError(string name)
    {
        await using var app = await FormsApp.StartAsync();

        Assert.That(await app.AnswerAsync(HttpMethod.Get, $"/KeyNames?name={name}", null), Does.StartWith("500").And.Contains("name"));
    }

    [Test]
    public async Task NoCacheGivesOneKeyToTwoVisitors()
    {
        await using var app = await FormsApp.StartAsync();

        using var first = await app.Client.GetAsync("/view/KeyTag");
        using var second = await app.Client.GetAsync("/view/KeyTag");

        Assert.That(first.Headers.CacheControl?.NoStore, Is.True);
        Assert.That(await first.TextAsync(), Is.Not.EqualTo(await second.TextAsync()), "the output cache kept the page");
        Assert.That(
            await app.Client.GetStringAsync("/view/cached"),
            Is.EqualTo(await app.Client.GetStringAsync("/view/cached")),
            "nothing is cached here at all");
    }

    [Test]
    public async Task PolicyReadsAFieldOfAnotherName()
    {
        await using var app = await FormsApp.StartAsync();
        var field = Html.Inputs(await app.Client.GetStringAsync("/KeyNames?name=order[key]"))[0];

        Assert.That(await app.AnswerAsync("/view/named", null, Named()), Is.EqualTo("302"));
        Assert.That(await app.AnswerAsync("/view/named", null, Named()), Is.EqualTo("302 replayed"));

        FormUrlEncodedContent Named() => new([KeyValuePair.Create(field["name"], field["value"])]);
    }
}
